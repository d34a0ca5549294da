import SAE
import Tensors

/// A dictionary as plain arrays, with its own arithmetic: naive loops in f64.
///
/// It shares no code with the library. Weights are kept as the f32 values that the library reads.
package struct OracleDictionary: Sendable {
  package let featureCount: Int
  package let width: Int
  package let outputWidth: Int
  /// `[featureCount, width]`.
  package var encoder: [Float]
  /// `[featureCount, outputWidth]`.
  package var decoder: [Float]
  package var encoderBias: [Float]
  package var decoderBias: [Float]
  /// `[outputWidth, width]`, of a transcoder.
  package var skip: [Float]?
  package var activation: ActivationFunction
  package var normalisation = Normalisation.none
  package var subtractsDecoderBias = false
  package var rescalesByDecoderNorm = false
  /// σ sees z·‖Dᵢ‖, which the activation loses again.
  package var ranksByDecoderNorm = false
  package var outputScale: OutputScale?
  package var prefixes: [Int] = []
  /// Columns of the non-zeros of a feature's encoder and decoder rows, which are then one sparse matrix.
  package var columns: [[Int]]?
  package var isTranscoder = false
  package var isBFloat16 = false

  package init(
    featureCount: Int, width: Int, outputWidth: Int? = nil, encoder: [Float], decoder: [Float],
    encoderBias: [Float], decoderBias: [Float], activation: ActivationFunction
  ) {
    self.featureCount = featureCount
    self.width = width
    self.outputWidth = outputWidth ?? width
    self.encoder = encoder
    self.decoder = decoder
    self.encoderBias = encoderBias
    self.decoderBias = decoderBias
    self.activation = activation
  }

  /// Cuts every matrix weight to bf16.
  package mutating func cutToBFloat16() {
    func cut(_ values: [Float]) -> [Float] {
      values.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
    }
    isBFloat16 = true
    encoder = cut(encoder)
    decoder = cut(decoder)
    skip = skip.map(cut)
  }

  /// The library's dictionary of the same numbers.
  package func dictionary(
    layout: EncoderMatrix.Layout = .featureMajor, kernels: Kernels = .best
  ) throws(DictionaryError) -> SparseDictionary {
    try SparseDictionary(parts(layout: layout), kernels: kernels)
  }

  /// The library's parts of the same numbers.
  package func parts(layout: EncoderMatrix.Layout = .featureMajor) -> SparseDictionary.Parts {
    if let parts = tiedParts() { return parts }
    let stored: RowMatrix
    switch layout {
    case .featureMajor: stored = matrix(featureCount, width, encoder)
    case .modelMajor:
      var transposed: [Float] = []
      for column in 0..<width {
        for feature in 0..<featureCount { transposed.append(encoder[feature * width + column]) }
      }
      stored = matrix(width, featureCount, transposed)
    }
    var parts = SparseDictionary.Parts(
      name: "oracle", encoder: EncoderMatrix(stored, layout: layout),
      decoder: matrix(featureCount, outputWidth, decoder), encoderBias: encoderBias,
      decoderBias: decoderBias, activation: activation)
    set(&parts)
    return parts
  }

  private func set(_ parts: inout SparseDictionary.Parts) {
    parts.kind = isTranscoder ? .transcoder : .autoencoder
    parts.skip = skip.map { matrix(outputWidth, width, $0) }
    parts.normalisation = normalisation
    parts.subtractsDecoderBias = subtractsDecoderBias
    parts.decoderNormRole =
      rescalesByDecoderNorm ? .rescalesActivations : ranksByDecoderNorm ? .ranksOnly : .none
    parts.outputScale = outputScale
    parts.prefixes = prefixes
  }

  /// Encoder and decoder as one matrix, where they are; nil elsewhere.
  private func tiedParts() -> SparseDictionary.Parts? {
    let encoderMatrix: EncoderMatrix
    let rows: FeatureRows
    if let columns {
      guard let degree = columns.first?.count, let sparse = expander(columns, degree) else {
        fatalError("every row has the same number of columns")
      }
      encoderMatrix = EncoderMatrix(sparse)
      rows = .expander(sparse)
    } else if case .matchingPursuit = activation {
      let dense = matrix(featureCount, width, decoder)
      encoderMatrix = EncoderMatrix(dense, layout: .featureMajor)
      rows = .dense(dense)
    } else {
      return nil
    }
    var parts = SparseDictionary.Parts(
      name: "oracle", encoder: encoderMatrix, decoder: rows, encoderBias: encoderBias,
      decoderBias: decoderBias, activation: activation)
    set(&parts)
    return parts
  }

  private func expander(_ columns: [[Int]], _ degree: Int) -> ExpanderMatrix? {
    let values = columns.enumerated().flatMap { row, columns in
      columns.map { decoder[row * width + $0] }
    }
    // Both widths of indices, by the parity of the row width.
    let indices =
      width % 2 == 0
      ? Tensor(
        .u16, shape: [featureCount, degree],
        storage: Storage(copying: columns.flatMap { $0.map { UInt16($0) } }))
      : Tensor(
        .u32, shape: [featureCount, degree],
        storage: Storage(copying: columns.flatMap { $0.map { UInt32($0) } }))
    return try? ExpanderMatrix(
      rowCount: featureCount, width: width, degree: degree,
      values: matrix(featureCount, degree, values), indices: indices)
  }

  private func matrix(_ rows: Int, _ columns: Int, _ values: [Float]) -> RowMatrix {
    guard isBFloat16 else { return RowMatrix(rowCount: rows, width: columns, values: values) }
    let halves = values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
    let tensor = Tensor(.bf16, shape: [rows, columns], storage: Storage(copying: halves))
    guard let matrix = RowMatrix(tensor) else { fatalError("bf16 of rank 2 makes a matrix") }
    return matrix
  }
}
