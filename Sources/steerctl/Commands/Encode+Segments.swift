import Formats
import SAE
import Steering

/// `steerctl encode --average-by`: one row of codes per turn, document or paragraph.
extension Encode {
  /// Segments that a report lists; JSON and files have all.
  private static let listedSegments = 12
  /// Features that a report names per segment.
  private static let namedFeatures = 3

  func encodeSegments(
    of activations: Activations, by key: String, _ dictionary: SparseDictionary
  ) throws {
    let progress = Progress("averaging")
    var encoding = try SegmentEncoding(
      activations, averagedBy: key, with: dictionary, progress: progress.update)
    progress.clear()
    if let output {
      try encoding.write(to: OutputPath.resolve(output), dense: dense, decode: decode)
    }
    if json {
      Self.json(encoding, dictionary).show()
    } else {
      show(encoding, dictionary, activations)
    }
  }

  private func show(
    _ encoding: SegmentEncoding, _ dictionary: SparseDictionary, _ activations: Activations
  ) {
    let (result, summary) = (encoding.result, encoding.report)
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("encode · \(dictionary.summary)")
    report.field("rows", activations.summary)
    report.field(
      "averaged by",
      "\(summary.key): \(Figures.count(result.segments.count, "segment")); left out:"
        + " \(Figures.count(summary.specialCount)) special tokens")
    report.line()
    var fit = Table(["L0", "FVU", "mean cosine", "features alive", "largest activation"], left: [])
    fit.add([
      Figures.fixed(summary.fit.l0, 2), Figures.fixed(summary.fit.fvu, 5),
      Figures.fixed(summary.fit.cosine, 5),
      "\(Figures.count(summary.fit.aliveCount)) of \(Figures.count(dictionary.featureCount))",
      Figures.fixed(summary.fit.maximumActivation, 3),
    ])
    report.table(fit)
    report.line()
    var table = Table(
      ["segment", "first row", "rows", "averaged", "active", "strongest features"], left: [5])
    for index in result.segments.indices.prefix(Self.listedSegments) {
      let segment = result.segments[index]
      let isUndefined = result.codes.isUndefined(row: index)
      table.add([
        String(segment.id), Figures.count(segment.rows.lowerBound),
        Figures.count(segment.rows.count), Figures.count(segment.averagedCount),
        isUndefined ? "–" : Figures.count(result.codes.range(ofRow: index).count),
        Self.strongest(result.codes, index)
          .map { "\($0.feature) (\(Figures.short(Double($0.value))))" }.joined(separator: ", "),
      ])
    }
    report.table(table)
    let more = result.segments.count - Self.listedSegments
    if more > 0 { report.dim("  and \(Figures.count(more)) more; --json lists all") }
    report.line()
    if let first = result.emptySegments.first {
      report.warning(
        "segments without a mean, all rows left out: \(Figures.count(result.emptySegments.count)),"
          + " segment \(result.segments[first].id) at row \(result.segments[first].rows.lowerBound)"
          + " the first; their features are NaN")
    }
    if let first = Self.degenerate(result).first {
      report.warning(
        "segments whose mean cannot be normalised: \(Figures.count(Self.degenerate(result).count)),"
          + " segment \(result.segments[first].id) at row \(result.segments[first].rows.lowerBound)"
          + " the first; their features are NaN")
    }
    if dictionary.kind == .transcoder {
      report.warning("a transcoder does not reconstruct its input, so there is no FVU or cosine")
    }
    report.written(summary.outputPath, summary.tensors)
    report.show()
  }

  private static func json(
    _ encoding: SegmentEncoding, _ dictionary: SparseDictionary
  ) -> JSONValue {
    let (result, report) = (encoding.result, encoding.report)
    return .object([
      .init("dictionary", .string(dictionary.name)), .init("averaged_by", .string(report.key)),
      .init("rows", .int(report.rowCount)), .init("special_rows", .int(report.specialCount)),
      .init("fit", report.fit.json),
      .init("empty_segments", .array(result.emptySegments.map { .int($0) })),
      .init("undefined_segments", .array(degenerate(result).map { .int($0) })),
      .init(
        "segments",
        .array(
          result.segments.indices.map { index in
            let segment = result.segments[index]
            let isUndefined = result.codes.isUndefined(row: index)
            return .object([
              .init("id", .int(segment.id)), .init("first_row", .int(segment.rows.lowerBound)),
              .init("rows", .int(segment.rows.count)),
              .init("averaged_rows", .int(segment.averagedCount)),
              .init(
                "active_features",
                isUndefined ? .null : .int(result.codes.range(ofRow: index).count)),
              .init(
                "strongest",
                .array(
                  strongest(result.codes, index).map {
                    .object([
                      .init("feature", .int($0.feature)),
                      .init("activation", .real(Double($0.value))),
                    ])
                  })),
            ])
          })),
      .init("output", .text(report.outputPath)),
      .init("tensors", .array(report.tensors.map { .string($0) })),
    ])
  }

  /// Segments with rows, whose mean the dictionary cannot normalise.
  private static func degenerate(_ result: SegmentCodes) -> [Int] {
    result.codes.undefinedRows.filter { result.segments[$0].averagedCount > 0 }
  }

  /// The features with the largest |activation| in one row of codes, the lower index first on a tie.
  private static func strongest(
    _ codes: SparseCodes, _ row: Int
  ) -> [(feature: Int, value: Float)] {
    let places = codes.range(ofRow: row).sorted {
      (abs(codes.values[$1]), $0) < (abs(codes.values[$0]), $1)
    }
    return places.prefix(namedFeatures).map { (Int(codes.indices[$0]), codes.values[$0]) }
  }
}
