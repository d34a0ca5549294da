import Formats
import SAE
import Steering

/// `steerctl inspect` of a transcoder whose features write to several layers.
extension Inspect {
  func show(_ transcoder: CrossLayerTranscoder) {
    let last = transcoder.layerCount - 1
    var report = Report()
    report.title(
      ([transcoder.name] + (transcoder.encoders[0].input.model.map { ["of \($0)"] } ?? []))
        .joined(separator: " "))
    report.field("kind", "cross-layer transcoder, \(Self.activations(transcoder))")
    report.field(
      "size",
      "\(Figures.count(transcoder.layerCount, "layer")), "
        + "\(Figures.count(transcoder.featureCounts.reduce(0, +))) features, rows of"
        + " \(transcoder.modelWidth) to rows of \(transcoder.outputWidth),"
        + " \(transcoder.decoder.elementType.rawValue), \(Figures.bytes(Self.byteCount(transcoder)))"
    )
    for (index, line) in Self.formula(transcoder).enumerated() {
      report.field(index == 0 ? "computes" : "", line)
    }
    report.line()
    var table = Table(
      ["layer", "features", "writes to", "reads", "writes", "linear path"], left: [2, 3, 4, 5])
    for (layer, encoder) in transcoder.encoders.enumerated() {
      table.add([
        String(layer), Figures.count(encoder.featureCount),
        layer == last ? "\(layer)" : "\(layer) to \(last)", encoder.input.hook ?? "–",
        encoder.output.hook ?? "–", transcoder.skips[layer] == nil ? "none" : "yes",
      ])
    }
    report.table(table)
    report.line()
    report.line("  decided")
    show(transcoder.ledger, into: &report)
    report.show()
  }

  static func json(_ transcoder: CrossLayerTranscoder) -> JSONValue {
    .object([
      .init("name", .string(transcoder.name)), .init("kind", .string("cross-layer transcoder")),
      .init("formula", .array(formula(transcoder).map { .string($0) })),
      .init("layer_count", .int(transcoder.layerCount)),
      .init("model_width", .int(transcoder.modelWidth)),
      .init("output_width", .int(transcoder.outputWidth)),
      .init("weight_type", .string(transcoder.decoder.elementType.rawValue)),
      .init("weight_bytes", .int(byteCount(transcoder))),
      .init(
        "layers",
        .array(
          transcoder.encoders.enumerated().map { layer, encoder in
            .object([
              .init("layer", .int(layer)), .init("feature_count", .int(encoder.featureCount)),
              .init("activation", .string(encoder.activation.name)),
              .init("k", encoder.activation.k.map { .int($0) } ?? .null),
              .init("normalisation", .string(encoder.normalisation.name)),
              .init("targets", .array((layer..<transcoder.layerCount).map { .int($0) })),
              .init("has_skip", .bool(transcoder.skips[layer] != nil)),
              .init("input", encoder.input.json), .init("output", encoder.output.json),
            ])
          })),
      .init("ledger", transcoder.ledger.json),
    ])
  }

  /// σ of the layers, each named once.
  private static func activations(_ transcoder: CrossLayerTranscoder) -> String {
    var names: [String] = []
    for encoder in transcoder.encoders where !names.contains(encoder.activationSummary) {
      names.append(encoder.activationSummary)
    }
    return names.joined(separator: "; ")
  }

  private static func formula(_ transcoder: CrossLayerTranscoder) -> [String] {
    // The last line of an encoder's own formula decodes; across layers it does not hold.
    transcoder.encoders[0].formula.dropLast() + [
      "y_t = Σ_{s ≤ t} Σ fᵢ·Dᵢ(s, t) + b_dec(t)"
        + (transcoder.skips.contains { $0 != nil } ? " + skip(t)·x_t" : "")
    ]
  }

  /// Bytes of encoders, decoder and linear paths as stored.
  private static func byteCount(_ transcoder: CrossLayerTranscoder) -> Int {
    transcoder.encoders.reduce(transcoder.decoder.byteCount) { $0 + $1.encoder.byteCount }
      + transcoder.skips.reduce(0) { $0 + ($1?.byteCount ?? 0) }
  }
}
