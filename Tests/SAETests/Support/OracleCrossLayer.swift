import SAE
import TestSupport
import Tensors

/// A cross-layer transcoder as plain arrays, with its own arithmetic: naive loops in f64.
struct OracleCrossLayer {
  enum Form: String, CaseIterable, Sendable {
    case bySource
    case byTarget
    case full
    case stacked
  }

  let layerCount: Int
  let featureCounts: [Int]
  let width: Int
  let outputWidth: Int
  /// Per layer, `[F, width]`.
  var encoder: [[Float]]
  var encoderBias: [[Float]]
  /// Per layer, `[F]`; zeros make it a ReLU.
  var threshold: [[Float]]
  /// Indexed by source, target − source, feature: a row `[outputWidth]`.
  var decoder: [[[[Float]]]]
  var decoderBias: [[Float]]
  /// Per layer, `[outputWidth, width]`.
  var skip: [[Float]]?

  init(layers: Int, features: [Int], width: Int, outputWidth: Int, seed: UInt64, skip: Bool) {
    var generator = SplitMix64(seed: seed)
    layerCount = layers
    featureCounts = features
    self.width = width
    self.outputWidth = outputWidth
    encoder = features.map { generator.normals($0 * width) }
    encoderBias = features.map { generator.normals($0, scale: 0.2) }
    threshold = features.map { generator.normals($0, scale: 0.3).map { abs($0) } }
    decoder = (0..<layers).map { source in
      (source..<layers).map { _ in
        (0..<features[source]).map { _ in generator.normals(outputWidth) }
      }
    }
    decoderBias = (0..<layers).map { _ in generator.normals(outputWidth) }
    self.skip =
      skip ? (0..<layers).map { _ in generator.normals(outputWidth * width) } : nil
  }

  /// The stored tensors of the decoder. What the format leaves unread is NaN.
  func stored(_ form: Form, isBFloat16: Bool = false) throws(DictionaryError)
    -> CrossLayerDecoder
  {
    func tensor(_ shape: [Int], _ values: [Float]) -> Tensor {
      guard isBFloat16 else {
        return Tensor(.f32, shape: shape, storage: Storage(copying: values))
      }
      let halves = values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
      return Tensor(.bf16, shape: shape, storage: Storage(copying: halves))
    }
    let layers = 0..<layerCount
    let unread = [Float](repeating: .nan, count: outputWidth)
    func row(_ source: Int, _ feature: Int, _ target: Int) -> [Float] {
      target < source ? unread : decoder[source][target - source][feature]
    }
    switch form {
    case .bySource:
      return try CrossLayerDecoder(
        layers.map { source in
          tensor(
            [featureCounts[source], layerCount - source, outputWidth],
            (0..<featureCounts[source]).flatMap { feature in
              (source..<layerCount).flatMap { row(source, feature, $0) }
            })
        }, layout: .bySource)
    case .byTarget:
      return try CrossLayerDecoder(
        layers.map { target in
          tensor(
            [target + 1, featureCounts[0], outputWidth],
            (0...target).flatMap { source in
              (0..<featureCounts[0]).flatMap { row(source, $0, target) }
            })
        }, layout: .byTarget)
    case .full:
      return try CrossLayerDecoder(
        layers.map { source in
          tensor(
            [featureCounts[source], layerCount, outputWidth],
            (0..<featureCounts[source]).flatMap { feature in
              layers.flatMap { row(source, feature, $0) }
            })
        }, layout: .full)
    case .stacked:
      return try CrossLayerDecoder(
        stacked: tensor(
          [layerCount, featureCounts[0], layerCount, outputWidth],
          layers.flatMap { source in
            (0..<featureCounts[0]).flatMap { feature in
              layers.flatMap { row(source, feature, $0) }
            }
          }))
    }
  }

  func parts(
    _ form: Form = .bySource, transposesSkip: Bool = false, isBFloat16: Bool = false
  ) throws(DictionaryError) -> CrossLayerTranscoder.Parts {
    var layers: [CrossLayerTranscoder.Layer] = []
    for index in 0..<layerCount {
      let rows = RowMatrix(
        rowCount: featureCounts[index], width: width, values: encoder[index])
      var layer = CrossLayerTranscoder.Layer(
        encoder: EncoderMatrix(rows, layout: .featureMajor), encoderBias: encoderBias[index],
        activation: .jumpReLU(threshold: threshold[index]), decoderBias: decoderBias[index])
      if let skip {
        let matrix = RowMatrix(rowCount: outputWidth, width: width, values: skip[index])
        layer.skip =
          transposesSkip
          ? .init(matrix.transposed(.best), .inputByOutput) : .init(matrix, .outputByInput)
      }
      layers.append(layer)
    }
    return CrossLayerTranscoder.Parts(
      name: "oracle", layers: layers, decoder: try stored(form, isBFloat16: isBFloat16))
  }

  /// Cuts the decoder rows to bf16.
  mutating func cutToBFloat16() {
    decoder = decoder.map { targets in
      targets.map { rows in
        rows.map { $0.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) } }
      }
    }
  }

  /// Dense codes of layer `layer`.
  func encode(_ x: [Float], layer: Int) -> [Double] {
    (0..<featureCounts[layer]).map { feature in
      var z = Double(encoderBias[layer][feature])
      for column in 0..<width {
        z += Double(encoder[layer][feature * width + column]) * Double(x[column])
      }
      return z > Double(threshold[layer][feature]) ? z : 0
    }
  }

  /// y of one target, and how far the library may be off.
  func decode(
    target: Int, codes: [[Double]], x: [Float]?, factor: Double
  ) -> (values: [Double], bounds: [Double]) {
    var out = decoderBias[target].map(Double.init)
    var magnitude = out.map { abs($0) }
    var terms = 2.0
    for source in 0...target {
      for (feature, code) in codes[source].enumerated() where code != 0 {
        terms += 1
        for column in 0..<outputWidth {
          let term = code * Double(decoder[source][target - source][feature][column])
          out[column] += term
          magnitude[column] += abs(term)
        }
      }
    }
    var bounds = magnitude.map { $0 * (terms + 2) * 0x1p-23 }
    if let x, let skip {
      for column in 0..<outputWidth {
        var size = 0.0
        for index in 0..<width {
          let term = Double(skip[target][column * width + index]) * Double(x[index])
          out[column] += term
          size += abs(term)
        }
        bounds[column] += (size * (factor + 2) + magnitude[column]) * 0x1p-23
      }
    }
    return (out, bounds)
  }
}
