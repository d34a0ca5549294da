import Detector
import TestSupport

/// Null documents whose tokens are correlated: one feature with activations of an AR(1) process.
struct NullStream {
  /// Correlation from token to token.
  var correlation: Float
  /// Spread of a document's own level around 0: what makes blocks of one text alike.
  var level: Float
  var generator: SplitMix64

  init(correlation: Float, level: Float, seed: UInt64) {
    self.correlation = correlation
    self.level = level
    generator = SplitMix64(seed: seed)
  }

  static let featureCount = 2

  /// Scores the mean of feature 1, whichever its sign.
  static var detector: FittedDetector {
    FittedDetector(
      name: "ar", kind: .feature,
      dictionary: FittedDetector.DictionaryReference(
        name: "none", fingerprint: "", featureCount: featureCount, modelWidth: 1, hook: nil),
      masking: Masking(),
      structures: [
        Structure(
          name: "level",
          readout: .linear(
            LinearReadout(terms: [
              .init(feature: 1), .init(feature: 1, reading: .negative, weight: -1),
            ])), pooling: .mean)
      ], selection: SplitRecord([]))
  }

  mutating func activations(_ length: Int, shift: Float = 0) -> [Float] {
    var state = generator.normal()
    let innovation = (1 - correlation * correlation).squareRoot()
    let own = generator.normal() * level + shift
    return (0..<length).map { _ in
      state = correlation * state + innovation * generator.normal()
      return state + own
    }
  }

  mutating func document(_ number: Int, length: Int) -> DocumentCodes {
    var document = DocumentCodes(
      id: "null-\(number)", identity: DocumentIdentity(bits: generator.next()),
      featureCount: Self.featureCount)
    for value in activations(length) {
      document.append(features: [1], values: [value], use: .kept)
    }
    return document
  }
}
