import Tensors

extension CrossLayerTranscoder {
  /// The encoder of one layer, with its own scratch; make it once and keep it.
  ///
  /// - Throws: `nonFiniteWeight` naming the layer when its encoder holds a NaN or an infinity.
  package func encoder(ofLayer layer: Int) throws(DictionaryError) -> FullEncoder {
    try checkLayer(layer)
    do throws(DictionaryError) {
      return try FullEncoder(encoders[layer])
    } catch {
      throw error.ofLayer(layer)
    }
  }

  /// The codes of `count` rows that layer `layer` reads, `[count, modelWidth]`, `stride` floats apart.
  ///
  /// Allocates; where rows come one by one, keep an ``encoder(ofLayer:)``.
  package func encode(
    layer: Int, _ rows: UnsafePointer<Float>, count: Int, stride: Int
  ) throws(DictionaryError) -> SparseCodes {
    let encoder = try encoder(ofLayer: layer)
    guard stride >= modelWidth else {
      throw DictionaryError(.width(found: stride, expected: modelWidth))
    }
    var codes = SparseCodes(featureCount: encoders[layer].featureCount)
    try encoder.encode(rows, count: count, stride: stride, into: &codes)
    return codes
  }
}
