import Formats
import SAE
import Tensors

/// Absorbs z = (x − mean) M, ẑ M⁻¹ + mean into a dictionary's weights.
///
/// With rows of E and D per feature: E ← E Mᵀ; D ← D M⁻¹; decoderBias ← decoderBias M⁻¹ + mean; and the
/// encoder biases lose mean · E (new E) unless the folded decoder bias is subtracted from the input
/// anyway. Covariance whitening: arXiv:2511.13981. Products in f64 (OpenBLAS), rounded once to f32.
struct WhiteningFold {
  private static let tileFeatures = 256

  private let width: Int
  private let mean: [Double]
  private let matrix: [Double]
  private let inverse: [Double]

  /// Reads `mean` `[width]`, `matrix` and `inverse_matrix` `[width, width]`.
  init(_ file: SafetensorsFile, width: Int, kernels: Kernels) throws(FormatError) {
    func read(_ name: String, _ shape: [Int]) throws(FormatError) -> [Double] {
      guard let tensor = file[name] else {
        throw FormatError(.tensorMissing(name: name, available: file.tensors.map(\.name)))
      }
      guard tensor.shape == shape else {
        throw FormatError(
          .wrongShape(tensor: name, found: tensor.shape, expected: "\(shape)"))
      }
      guard let values = tensor.doubles(kernels) else {
        throw FormatError(
          .wrongType(field: name, found: tensor.elementType.rawValue, expected: "F64 or F32"))
      }
      guard values.allSatisfy({ $0.isFinite }) else {
        throw FormatError(
          .outOfRange(field: name, found: "NaN or infinity", expected: "finite numbers"))
      }
      return values
    }
    self.width = width
    mean = try read("mean", [width])
    matrix = try read("matrix", [width, width])
    inverse = try read("inverse_matrix", [width, width])
  }

  /// - Throws: `.library` when OpenBLAS is not there; `parts` are as before then.
  func apply(
    to parts: inout SparseDictionary.Parts, kernels: Kernels
  ) throws(ImportError) {
    let product = try MatrixProduct()
    let n = parts.decoder.rowCount
    let rescales = parts.decoderNormRole == .rescalesActivations
    var encoder: [Float] = []
    var decoder: [Float] = []
    encoder.reserveCapacity(n * width)
    decoder.reserveCapacity(n * width)
    var start = 0
    while start < n {
      let features = Array(start..<min(start + Self.tileFeatures, n))
      let encoderTile = encoderRows(parts, features, kernels)
      var decoderTile: [Double] = []
      for feature in features {
        let row = parts.decoder.values(ofRow: feature, kernels).map(Double.init)
        let norm = rescales ? decoderNorm(row) : 1
        decoderTile += row.map { $0 / norm }
        parts.encoderBias[feature] = Float(Double(parts.encoderBias[feature]) * norm)
      }
      encoder += rounded(
        product, encoderTile, rows: features.count, matrix, transposed: true)
      decoder += rounded(
        product, decoderTile, rows: features.count, inverse, transposed: false)
      start += features.count
    }
    parts.decoderNormRole = .none
    if !parts.subtractsDecoderBias { shiftBiases(&parts, encoder: encoder) }
    parts.decoderBias = rounded(
      product, parts.decoderBias.map(Double.init), rows: 1, inverse, transposed: false,
      adding: mean)
    parts.encoder = EncoderMatrix(
      RowMatrix(rowCount: n, width: width, values: encoder), layout: .featureMajor)
    parts.decoder = .dense(RowMatrix(rowCount: n, width: width, values: decoder))
  }

  /// SAELens' own floor for the norm that it folds.
  private func decoderNorm(_ row: [Double]) -> Double {
    max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-8)
  }

  /// Encoder rows of `features`, times ‖Dᵢ‖ where the dictionary rescales by it.
  private func encoderRows(
    _ parts: SparseDictionary.Parts, _ features: [Int], _ kernels: Kernels
  ) -> [Double] {
    guard case .dense(let stored) = parts.encoder.stored else {
      fatalError("SAELens stores dense matrices")
    }
    let gathered = stored.gatheringColumns(features, kernels)
    var rows: [Double] = []
    for (index, feature) in features.enumerated() {
      let norm =
        parts.decoderNormRole == .rescalesActivations
        ? decoderNorm(parts.decoder.values(ofRow: feature, kernels).map(Double.init)) : 1
      rows += gathered.values(ofRow: index, kernels).map { Double($0) * norm }
    }
    return rows
  }

  private func shiftBiases(_ parts: inout SparseDictionary.Parts, encoder: [Float]) {
    let n = parts.decoder.rowCount
    let shift = (0..<n).map { feature in
      (0..<width).reduce(0.0) { $0 + mean[$1] * Double(encoder[feature * width + $1]) }
    }
    guard case .gated(var gate, var magnitude, let scale) = parts.activation else {
      for feature in 0..<n {
        parts.encoderBias[feature] = Float(Double(parts.encoderBias[feature]) - shift[feature])
      }
      return
    }
    for feature in 0..<n {
      gate[feature] = Float(Double(gate[feature]) - shift[feature])
      magnitude[feature] = Float(
        Double(magnitude[feature]) - shift[feature] * Double(scale[feature]))
    }
    parts.activation = .gated(gateBias: gate, magnitudeBias: magnitude, scale: scale)
  }

  /// `rows · m`, or `rows · mᵀ`, `[rows, width]`, plus `adding` to each row, rounded to f32.
  private func rounded(
    _ product: borrowing MatrixProduct, _ rows: [Double], rows count: Int, _ m: [Double],
    transposed: Bool, adding: [Double]? = nil
  ) -> [Float] {
    let out = product(rows, count: count, m, transposed: transposed, width: width)
    guard let adding else { return out.map { Float($0) } }
    return out.indices.map { Float(out[$0] + adding[$0 % width]) }
  }
}
