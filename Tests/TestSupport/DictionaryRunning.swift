import SAE
import Tensors

// The library's pointer interfaces, with arrays.

extension SparseDictionary {
  /// The codes of `count` rows, rows `stride` floats apart.
  package func codes(
    of rows: [Float], count: Int, stride: Int? = nil, options: EncodeOptions = EncodeOptions()
  ) throws(DictionaryError) -> SparseCodes {
    let encoder = try FullEncoder(self, options: options)
    var codes = SparseCodes(featureCount: featureCount)
    try encoder.encode(rows, count: count, stride: stride ?? modelWidth, into: &codes)
    return codes
  }

  /// The activations of `features` in one row, and whether the row's normalisation is defined.
  package func reading(
    of features: [Int], in row: [Float]
  ) throws(DictionaryError) -> (values: [Float], isDefined: Bool) {
    let encoder = try SelectiveEncoder(self, features: features)
    let scratch = SelectiveEncoder.Scratch(for: encoder)
    var out = [Float](repeating: -777, count: features.count)
    let transform = try encoder.read(row, into: &out, row: 0, scratch)
    return (out, transform != nil)
  }

  /// Reconstruction and forward pass of one encoded row.
  package func reconstructions(
    _ codes: SparseCodes, row: Int, of x: [Float]
  ) throws(DictionaryError) -> (decoded: [Float], forward: [Float]) {
    let reconstructor = try Reconstructor(self)
    var decoded = [Float](repeating: -777, count: outputWidth)
    var forward = decoded
    try reconstructor.decode(codes, row: row, of: x, into: &decoded)
    try reconstructor.decode(codes, row: row, of: x, includingSkip: true, into: &forward)
    return (decoded, forward)
  }
}

extension SparseCodes {
  /// Row `row` with its zeros, `[featureCount]`; NaN when it is undefined.
  package func dense(row: Int) -> [Float] {
    guard !isUndefined(row: row) else { return Array(repeating: .nan, count: featureCount) }
    var values = [Float](repeating: 0, count: featureCount)
    for position in range(ofRow: row) { values[Int(indices[position])] = self.values[position] }
    return values
  }
}
