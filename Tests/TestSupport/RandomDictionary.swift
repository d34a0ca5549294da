import SAE
import Tensors

/// A small random dictionary, and its weights as plain arrays for oracles.
package struct RandomDictionary {
  package let featureCount: Int
  package let width: Int
  /// `[featureCount, width]`.
  package var encoder: [Float]
  /// `[featureCount, width]`.
  package var decoder: [Float]
  package var encoderBias: [Float]
  package let decoderBias: [Float]
  /// Non-negative, `[featureCount]`.
  package let threshold: [Float]

  package init(featureCount: Int, width: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    self.featureCount = featureCount
    self.width = width
    let scale = 1 / Float(width).squareRoot()
    encoder = generator.normals(featureCount * width, scale: scale)
    decoder = generator.normals(featureCount * width, scale: scale)
    encoderBias = generator.normals(featureCount, scale: 0.1)
    decoderBias = generator.normals(width, scale: 0.1)
    threshold = generator.normals(featureCount, scale: 0.3).map { abs($0) }
  }

  /// The parts of an autoencoder with the given σ; change what the test is about.
  package func parts(
    _ activation: ActivationFunction, layout: EncoderMatrix.Layout = .featureMajor,
    kernels: Kernels = .best
  ) -> SparseDictionary.Parts {
    let rows = RowMatrix(rowCount: featureCount, width: width, values: encoder)
    return SparseDictionary.Parts(
      name: "random",
      encoder: EncoderMatrix(
        layout == .featureMajor ? rows : rows.transposed(kernels), layout: layout),
      decoder: RowMatrix(rowCount: featureCount, width: width, values: decoder),
      encoderBias: encoderBias, decoderBias: decoderBias, activation: activation)
  }
}
