import Formats
import SAE
import Tensors

/// The arrays of the native form, checked against the document.
struct NativeWeights {
  let reader: WeightReader
  let document: NativeDocument
  /// The document's file, which errors about its numbers name.
  let configPath: String

  /// Throws unless the file holds exactly the arrays that the document calls for; where `digests`,
  /// with the bytes that it was written with.
  ///
  /// - Complexity: with digests, O(bytes of the file).
  func check(digests: Bool) throws(ImportError) {
    let names = document.tensorNames
    try reader.checkNames(needed: names)
    for name in names where !document.digests.contains(where: { $0.name == name }) {
      throw ImportError(.missingKey(key: "tensors.\(name)", expected: "its sha256"))
    }
    for (name, _) in document.digests {
      guard reader.has(name) else {
        throw ImportError(.unknownKey(key: "tensors.\(name)", accepted: names))
      }
      if digests { try checkDigest(of: name) }
    }
  }

  /// Throws unless array `name` has the bytes that it was written with.
  func checkDigest(
    of name: String, progress: (_ done: Int) -> Void = { _ in }
  ) throws(ImportError) {
    guard let tensor = reader.tensors[name] else { fatalError("the names of arrays were checked") }
    let found = Hexadecimal.text(tensor.sha256(progress: progress))
    let expected = digest(of: name)
    guard found == expected else {
      throw ImportError(
        .value(key: "SHA-256 of tensor '\(name)'", found: found, expected: expected))
    }
  }

  func parts() throws(ImportError) -> SparseDictionary.Parts {
    let n = document.featureCount
    let decoder = try rows("decoder", document.decoder, width: document.outputWidth)
    var parts = SparseDictionary.Parts(
      name: document.name, encoder: try encoder(decoder), decoder: decoder,
      encoderBias: try reader.vector("encoder_bias", n, from: "feature_count"),
      decoderBias: try reader.vector("decoder_bias", document.outputWidth, from: "output_width"),
      activation: try activation())
    if document.hasSkip {
      parts.skip =
        try reader.matrix(
          "skip", [document.outputWidth, document.modelWidth], from: "output_width, model_width"
        ).matrix
    }
    parts.kind = document.kind
    parts.normalisation = document.normalisation
    parts.outputScale = document.outputScale
    parts.subtractsDecoderBias = document.subtractsDecoderBias
    parts.decoderNormRole = document.decoderNormRole
    parts.prefixes = document.prefixes
    parts.flattensHeads = document.flattensHeads
    parts.excludesSpecialTokens = document.excludesSpecialTokens
    parts.input = document.input
    parts.output = document.output
    parts.ledger = document.ledger
    return parts
  }

  private func encoder(_ decoder: FeatureRows) throws(ImportError) -> EncoderMatrix {
    let rows =
      document.encoder == .tied
      ? decoder : try rows("encoder", document.encoder, width: document.modelWidth)
    switch rows {
    case .dense(let matrix): return EncoderMatrix(matrix, layout: .featureMajor)
    case .turned(let matrix): return EncoderMatrix(matrix.stored, layout: .modelMajor)
    case .expander(let matrix): return EncoderMatrix(matrix)
    }
  }

  private func rows(
    _ name: String, _ storage: NativeForm.Storage, width: Int
  ) throws(ImportError) -> FeatureRows {
    let n = document.featureCount
    guard case .expander(let degree) = storage else {
      let keys = "feature_count, \(name == "encoder" ? "model_width" : "output_width")"
      return .dense(try reader.matrix(name, [n, width], from: keys).matrix)
    }
    let values = try reader.matrix(
      name + "_values", [n, degree], from: "feature_count, \(name).degree")
    guard let indices = reader.tensors[name + "_indices"] else {
      fatalError("the names of arrays were checked")
    }
    do throws(DictionaryError) {
      return .expander(
        try ExpanderMatrix(
          rowCount: n, width: width, degree: degree, values: values.matrix, indices: indices))
    } catch {
      throw ImportError(.dictionary(error))
    }
  }

  private func activation() throws(ImportError) -> ActivationFunction {
    do throws(ImportError) {
      return try activation(count: document.featureCount)
    } catch {
      throw ImportError(error.reason, path: error.path ?? configPath)
    }
  }

  private func activation(count n: Int) throws(ImportError) -> ActivationFunction {
    let fields = document.activation
    func vector(_ name: String) throws(ImportError) -> [Float] {
      try reader.vector(name, n, from: "feature_count")
    }
    func count(_ key: String) throws(ImportError) -> Int {
      try fields.integer(key, in: 1...Int(Int32.max))
    }
    switch document.function {
    case "jumpReLU": return .jumpReLU(threshold: try vector("threshold"))
    case "topK": return .topK(k: try count("k"))
    case "batchTopK": return .batchTopK(threshold: try fields.float("threshold"))
    case "absTopK": return .absTopK(k: try count("k"))
    case "gated":
      return .gated(
        gateBias: try vector("gate_bias"), magnitudeBias: try vector("magnitude_bias"),
        scale: try vector("magnitude_scale"))
    case "signedTopK": return .signedTopK(k: try count("k"))
    case "groupMax": return .groupMax(groups: try count("groups"))
    case "biJumpReLU":
      return .biJumpReLU(
        BiJumpReLU(
          positiveThreshold: try threshold("positive_threshold", n),
          negativeThreshold: try threshold("negative_threshold", n),
          positiveGain: try vector("positive_gain"), negativeGain: try vector("negative_gain"),
          positiveOffset: try vector("positive_offset"),
          negativeOffset: try vector("negative_offset")))
    case "blockTopK":
      return .blockTopK(blockSize: try count("block_size"), blocks: try count("blocks"))
    case "matchingPursuit":
      return .matchingPursuit(
        residualThreshold: try fields.float("residual_threshold"),
        maximumIterations: try count("maximum_iterations"),
        stopsOnRepeat: try fields.bool("stops_on_repeat", default: nil))
    default: return .relu
    }
  }

  /// Thresholds, of which infinity closes a side; whoever makes the dictionary refuses NaN.
  private func threshold(_ name: String, _ count: Int) throws(ImportError) -> [Float] {
    guard let tensor = reader.tensors[name] else { fatalError("the names of arrays were checked") }
    guard tensor.shape == [count] else {
      throw ImportError(
        .shape(tensor: name, found: tensor.shape, expected: [count], from: "feature_count"),
        path: reader.path(of: name))
    }
    guard let values = tensor.floats(reader.kernels) else {
      throw ImportError(
        .elementType(tensor: name, found: tensor.elementType.rawValue, accepted: ["F32"]),
        path: reader.path(of: name))
    }
    return values
  }
}

extension Tensor {
  /// SHA-256 of the stored bytes.
  ///
  /// `progress` is told now and then how many bytes are done.
  func sha256(progress: (_ done: Int) -> Void = { _ in }) -> [UInt8] {
    var digest = Digest()
    storage.withBytes { bytes in
      let step = 1 << 25
      for start in stride(from: 0, to: byteCount, by: step) {
        let end = min(start + step, byteCount)
        digest.update(raw: bytes.extracting((byteOffset + start)..<(byteOffset + end)))
        progress(end)
      }
    }
    return digest.finish()
  }
}
