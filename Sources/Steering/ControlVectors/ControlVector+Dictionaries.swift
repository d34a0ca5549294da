import Formats
import SAE
import Tensors

extension ControlVector {
  /// What became of one direction when dictionaries were made.
  public struct MadeDictionary: Sendable, Equatable {
    /// The block whose output it belongs to.
    public var block: Int
    /// ‖v‖.
    public var norm: Double
    /// The dictionary's folder inside the output; nil for a direction of zeros, which says nothing.
    public var folder: String?
  }

  /// Writes each direction as a dictionary of one feature in SAELens' layout: `folder/layerN/cfg.json` and
  /// `sae_weights.safetensors`, N the block.
  ///
  /// The decoder row is the direction v as it is, so that adding the feature with alpha 1 adds v to the
  /// bit. The encoder row is v/‖v‖², so that the activation is the row's projection in units of v, where
  /// that is positive. Directions of zeros are left out.
  ///
  /// - Parameters:
  ///   - folder: The name of a new folder; it appears complete or not at all.
  ///   - blocks: Which directions; nil for all.
  ///   - source: The file that the directions come from: errors name it, and `cfg.json` records what it
  ///     is called.
  /// - Throws: `invalidArgument` when `folder` exists or a block has no direction, or none of them
  ///   has a length; `nonFinite` for a direction too short or too long for an f32 encoder row;
  ///   `inputOutput`.
  @discardableResult
  public func writeDictionaries(
    to folder: String, blocks wanted: [Int]? = nil, convention: LayerConvention = .repeng,
    source: String? = nil
  ) throws(SteeringError) -> [MadeDictionary] {
    try Self.checkFree(folder)
    let origin = Origin(convention: convention, source: source)
    let chosen = try checked(wanted, origin)
    var made: [MadeDictionary] = []
    var encoders: [Int: [Float]] = [:]
    for block in chosen {
      let values = directions[block] ?? []
      let norm = Self.norm(values)
      encoders[block] =
        try norm > 0 ? Self.encoderRow(values, norm, origin.name(ofBlock: block)) : nil
      made.append(
        MadeDictionary(block: block, norm: norm, folder: norm > 0 ? "layer\(block)" : nil))
    }
    guard !encoders.isEmpty else {
      throw SteeringError(
        .invalidArgument,
        origin.prefix + "every direction is zero, expected at least one with a length")
    }
    try SteeringError.rendering { () throws(FormatError) in
      let output = try OutputFolder.create(folder)
      for block in chosen {
        guard let encoder = encoders[block], let decoder = directions[block] else { continue }
        let name = "layer\(block)"
        try output.makeFolder(name)
        try write(configuration(block, origin), to: output.file("cfg.json", in: name))
        try Self.writeWeights(
          output.file("sae_weights.safetensors", in: name), encoder: encoder, decoder: decoder)
      }
      try output.commit()
    }
    return made
  }

  /// Bytes of the longest model hint that `cfg.json` records; a file's may have 16 MiB.
  public static let recordedHintLimit = 256

  /// Whether `cfg.json` records the model hint, which it leaves out where it is too long.
  public var isModelHintRecorded: Bool {
    modelHint.map { $0.utf8.count <= Self.recordedHintLimit } ?? false
  }

  /// Throws unless ``writeDictionaries(to:blocks:convention:source:)`` could write to `folder`.
  public static func checkFree(_ folder: String) throws(SteeringError) {
    let isFree = try SteeringError.rendering { () throws(FormatError) in
      try OutputFolder.isFree(folder)
    }
    guard isFree else {
      throw SteeringError(
        .invalidArgument, "\(folder) exists, expected the name of a new folder")
    }
  }

  /// Where directions come from, for errors and the record.
  private struct Origin {
    var convention: LayerConvention
    var source: String?

    var prefix: String { source.map { "\($0): " } ?? "" }

    /// What an error calls a direction: by its tensor where there is a file.
    func name(ofBlock block: Int) -> String {
      let place = "the direction of layer \(block)"
      guard source != nil else { return place }
      let tensor = ControlVector.tensorName(ofBlock: block, convention: convention)
      return prefix + "tensor '\(tensor)', \(place),"
    }
  }

  private func checked(
    _ wanted: [Int]?, _ origin: Origin
  ) throws(SteeringError) -> [Int] {
    guard let wanted else { return blocks }
    for block in wanted {
      guard let values = directions[block] else {
        throw SteeringError(
          .invalidArgument,
          origin.prefix + "there is no direction for layer \(block), the file has "
            + MessageText.list(blocks.map(String.init)))
      }
      guard values.contains(where: { $0 != 0 }) else {
        throw SteeringError(
          .invalidArgument,
          origin.name(ofBlock: block) + " is zero, expected one with a length")
      }
    }
    return Set(wanted).sorted()
  }

  /// ‖values‖, summed in f64, which no f32 can overflow.
  static func norm(_ values: [Float]) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// v/‖v‖², whose product with v is 1.
  private static func encoderRow(
    _ values: [Float], _ norm: Double, _ name: String
  ) throws(SteeringError) -> [Float] {
    let row = values.map { Float(Double($0) / norm / norm) }
    let product = zip(row, values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    // Rounding costs about 1e-7; more is lost only where numbers leave f32's range.
    guard abs(product - 1) < 1e-3 else {
      throw SteeringError(
        .nonFinite,
        "\(name) has norm \(norm), for which f32 cannot hold an encoder row;"
          + " expected a norm of about 1e-38 to 1e38")
    }
    return row
  }

  private func configuration(
    _ block: Int, _ origin: Origin
  ) -> JSONValue {
    var record: [JSONValue.Member] = []
    if let source = origin.source {
      record.append(.init("file", .string(FileSystem.name(of: source))))
    }
    record += [
      .init("tensor", .string(Self.tensorName(ofBlock: block, convention: origin.convention))),
      .init("layer_convention", .string(origin.convention.rawValue)),
    ]
    if let modelHint, isModelHintRecorded {
      record.append(.init("model_hint", .string(modelHint)))
    }
    return .object([
      .init("architecture", .string("standard")), .init("d_in", .integer(Int64(width))),
      .init("d_sae", .integer(1)), .init("dtype", .string("float32")),
      .init("device", .string("cpu")), .init("apply_b_dec_to_input", .bool(false)),
      .init("normalize_activations", .string("none")),
      .init("reshape_activations", .string("none")),
      .init(
        "metadata",
        .object([
          .init("sae_lens_version", .string("6.0.0")),
          .init("hook_name", .string("blocks.\(block).hook_resid_post")),
          .init("control_vector", .object(record)),
        ])),
    ])
  }

  private func write(_ document: JSONValue, to path: String) throws(FormatError) {
    let file = try OutputFile.create(path)
    try file.write(document.serialised(pretty: true) + "\n")
    try file.commit()
  }

  private static func writeWeights(
    _ path: String, encoder: [Float], decoder: [Float]
  ) throws(FormatError) {
    let width = decoder.count
    let tensors: [(entry: SafetensorsWriter.Entry, values: [Float])] = [
      (.init("W_enc", .f32, shape: [width, 1]), encoder),
      (.init("b_enc", .f32, shape: [1]), [0]),
      (.init("W_dec", .f32, shape: [1, width]), decoder),
      (.init("b_dec", .f32, shape: [width]), [Float](repeating: 0, count: width)),
    ]
    let writer = try SafetensorsWriter(path: path, entries: tensors.map(\.entry))
    for (index, tensor) in tensors.enumerated() {
      try writer.append(tensor.values.span.bytes, to: index)
    }
    try writer.finish()
  }
}
