import Formats
import SAE
import Steering

/// What a meta dictionary says of one decoder row.
struct FeatureComposition {
  private let composed: ComposedDictionary
  /// Nil for a row without a direction, or that cannot be normalised.
  private let composition: ComposedDictionary.Composition?

  init(
    _ feature: Int, of dictionary: SparseDictionary, _ path: String, _ options: Features
  ) throws(SteeringError) {
    let meta = try SparseDictionary.open(path, kernels: try KernelChoice.current())
    composed = try ComposedDictionary(
      base: dictionary, meta: meta,
      rowScaling: options.metaRowsAsStored ? .asStored : .unitNorm)
    composition = try composed.composition(of: feature)
  }

  private var rows: String {
    composed.rowScaling == .unitNorm ? "a row of norm 1" : "the row as stored"
  }

  /// Meta features of the row, the largest |activation| first; the lower index first on a tie.
  private var parts: [(feature: Int, activation: Float)] {
    guard let codes = composition?.codes else { return [] }
    return codes.indices.indices
      .sorted { (abs(codes.values[$1]), $0) < (abs(codes.values[$0]), $1) }
      .map { (Int(codes.indices[$0]), codes.values[$0]) }
  }

  func show(into report: inout Report, count: Int) {
    report.line("  made of meta features of \(composed.meta.summary)")
    guard let composition else {
      report.dim("  undefined: the decoder row has no direction, or cannot be normalised")
      report.line()
      return
    }
    let parts = parts
    var table = Table(["meta feature", "activation", ""], left: [2])
    for part in parts.prefix(count) {
      table.add([
        String(part.feature), Figures.fixed(Double(part.activation), 4),
        Figures.bar(Double(abs(part.activation) / abs(parts[0].activation))),
      ])
    }
    report.table(table)
    if parts.count > count { report.dim("  and \(Figures.count(parts.count - count)) more") }
    report.field(
      "explained",
      (composition.explainedFraction.map(Figures.percent) ?? "–")
        + " of \(rows); decomposability \(Figures.short(composition.decomposability())) with σ² = 1"
    )
    report.line()
  }

  var json: JSONValue {
    .object([
      .init("meta_dictionary", .string(composed.meta.name)),
      .init("row", .string(composed.rowScaling == .unitNorm ? "unit norm" : "as stored")),
      .init("is_defined", .bool(composition != nil)),
      .init(
        "features",
        .array(
          parts.map {
            .object([
              .init("feature", .int($0.feature)), .init("activation", .real(Double($0.activation))),
            ])
          })),
      .init("explained", .real(composition?.explainedFraction)),
      .init("decomposability", .real(composition?.decomposability())),
      .init("squared_error", .real(composition?.squaredError)),
    ])
  }
}
