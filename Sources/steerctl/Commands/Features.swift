import ArgumentParser
import Formats
import SAE
import Steering

/// `steerctl features`: one feature, from its weights and from rows.
struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features",
    abstract: "Look at one feature: norms, similar directions, where and with what it fires.")

  @Argument(help: ArgumentHelp("The feature; the same as --feature.", valueName: "index"))
  var index: Int?

  @Option(help: ArgumentHelp("The feature.", valueName: "index"))
  var feature: Int?

  @OptionGroup var dictionary: DictionaryOptions
  @OptionGroup var input: ActivationOptions

  @Option(help: ArgumentHelp("How many neighbours, companions and peaks to list.", valueName: "n"))
  var count: Int = 8

  @Option(
    help: ArgumentHelp(
      "A dictionary over this one's decoder rows: show what the feature's row is made of.",
      valueName: "dir"))
  var meta: String?

  @Flag(help: "Give the meta dictionary decoder rows as stored; otherwise they have norm 1.")
  var metaRowsAsStored = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (index == nil) != (feature == nil) else {
      throw ValidationError("give one feature: steerctl features 1234")
    }
    try input.check(with: dictionary, isRequired: false)
    guard count >= 1 else { throw ValidationError("--count is \(count), expected 1 or more") }
    if metaRowsAsStored, meta == nil { throw ValidationError("--meta-rows-as-stored needs --meta") }
  }

  func run() throws {
    let dictionary = try self.dictionary.open()
    let feature = index ?? self.feature ?? 0
    guard (0..<dictionary.featureCount).contains(feature) else {
      throw SteeringError(
        .invalidArgument,
        "feature \(feature) does not exist, expected 0 to \(dictionary.featureCount - 1)")
    }
    let composition = try meta.map { try FeatureComposition(feature, of: dictionary, $0, self) }
    let activations = try input.openIfGiven(for: self.dictionary)
    let progress = Progress("encoding")
    let encoding = try activations.map {
      try ActivationEncoding($0, with: dictionary, progress: progress.update)
    }
    progress.clear()
    let report = try FeatureReport(
      feature, of: dictionary, encoding: encoding, positions: activations,
      count: count)
    if json {
      report.json(composition).show()
    } else {
      show(report, composition, dictionary, activations)
    }
  }

  private func show(
    _ feature: FeatureReport, _ composition: FeatureComposition?, _ dictionary: SparseDictionary,
    _ activations: Activations?
  ) {
    var report = Report()
    report.title("feature \(feature.feature) · \(dictionary.summary)")
    report.field(
      "norms",
      "encoder \(Figures.short(feature.encoderNorm)), decoder \(Figures.short(feature.decoderNorm))"
        + (feature.encoderDecoderCosine.map { ", cosine between them \(Figures.short($0))" } ?? ""))
    report.field(
      "encoder bias",
      Figures.short(feature.encoderBias)
        + (feature.threshold.map { ", threshold \(Figures.short($0))" } ?? ""))
    report.line()
    report.line("  nearest decoder directions")
    var nearest = Table(["feature", "cosine", ""], left: [2])
    for neighbour in feature.nearest {
      nearest.add([
        String(neighbour.feature), Figures.fixed(neighbour.cosine, 4),
        Figures.bar(neighbour.cosine),
      ])
    }
    report.table(nearest)
    if let opposite = feature.mostOpposite {
      report.dim("  most opposite: \(opposite.feature) (\(Figures.fixed(opposite.cosine, 4)))")
    }
    report.line()
    composition?.show(into: &report, count: count)
    if let firing = feature.firing, let activations {
      show(firing, feature.feature, activations, into: &report)
    } else {
      report.dim("  where it fires: give --activations FILE")
    }
    report.show()
  }

  private func show(
    _ firing: FeatureReport.Firing, _ feature: Int, _ activations: Activations,
    into report: inout Report
  ) {
    report.field(
      "fires on",
      "\(Figures.count(firing.activeCount)) of \(Figures.count(firing.rowCount)) rows"
        + " (\(Figures.percent(Double(firing.activeCount) / Double(max(firing.rowCount, 1)))))"
        + " of \(activations.path)")
    guard firing.activeCount > 0 else { return }
    report.field(
      "activation",
      "mean \(Figures.short(firing.mean)), 0 \(Figures.bars(firing.histogram))"
        + " \(Figures.short(firing.maximum)) largest")
    report.line()
    var companions = Table(["fires with", "rows together", "share", "", "lift"], left: [3])
    for companion in firing.companions {
      companions.add([
        String(companion.feature), Figures.count(companion.rowsTogether),
        Figures.percent(companion.share), Figures.bar(companion.share),
        Figures.fixed(companion.lift, 1) + "×",
      ])
    }
    report.table(companions)
    report.line()
    var peaks = Table(["largest at row", "position", "activation", ""], left: [3])
    for peak in firing.peaks {
      peaks.add([
        Figures.count(peak.row), Figures.count(peak.position), Figures.fixed(peak.activation, 4),
        Figures.bar(abs(peak.activation) / abs(firing.maximum ?? 1)),
      ])
    }
    report.table(peaks)
  }
}

extension FeatureReport {
  fileprivate func json(_ composition: FeatureComposition?) -> JSONValue {
    func neighbour(_ neighbour: Neighbour) -> JSONValue {
      .object([
        .init("feature", .int(neighbour.feature)), .init("cosine", .real(neighbour.cosine)),
      ])
    }
    let firing: JSONValue =
      self.firing.map { firing in
        .object([
          .init("rows", .int(firing.rowCount)), .init("active_rows", .int(firing.activeCount)),
          .init("mean", .real(firing.mean)), .init("largest", .real(firing.maximum)),
          .init("histogram", .array(firing.histogram.map { .int($0) })),
          .init(
            "companions",
            .array(
              firing.companions.map {
                .object([
                  .init("feature", .int($0.feature)), .init("rows_together", .int($0.rowsTogether)),
                  .init("share", .real($0.share)), .init("lift", .real($0.lift)),
                ])
              })),
          .init(
            "peaks",
            .array(
              firing.peaks.map {
                .object([
                  .init("row", .int($0.row)), .init("position", .int($0.position)),
                  .init("activation", .real($0.activation)),
                ])
              })),
        ])
      } ?? .null
    return .object([
      .init("feature", .int(feature)), .init("encoder_norm", .real(encoderNorm)),
      .init("decoder_norm", .real(decoderNorm)),
      .init("encoder_decoder_cosine", .real(encoderDecoderCosine)),
      .init("encoder_bias", .real(encoderBias)), .init("threshold", .real(threshold)),
      .init("nearest", .array(nearest.map(neighbour))),
      .init("most_opposite", mostOpposite.map(neighbour) ?? .null),
      .init("composition", composition?.json ?? .null),
      .init("firing", firing),
    ])
  }
}
