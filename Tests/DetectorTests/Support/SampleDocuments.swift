import Detector
import TestSupport

/// Documents and detectors made of seeded random numbers.
enum Sample {
  static let featureCount = 40

  /// A document of `length` tokens, about one in nine of them not kept, over features of both signs.
  static func document(
    _ number: Int, length: Int, segments: Int = 1, seed: UInt64 = 1
  ) -> DocumentCodes {
    var generator = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(number))
    var document = DocumentCodes(
      id: "document-\(number)", identity: DocumentIdentity(bits: generator.next()),
      featureCount: featureCount)
    for token in 0..<length {
      let features = (0..<featureCount).filter { _ in Int.random(in: 0..<4, using: &generator) == 0
      }
      let values = features.map { _ in generator.normal() }
      let use: TokenUse =
        switch Int.random(in: 0..<27, using: &generator) {
        case 0: .special
        case 1: .sink
        case 2: .undefined
        default: .kept
        }
      document.append(
        features: features.map { Int32($0) }, values: values, use: use,
        segment: Int32((token / 3) % segments))
    }
    return document
  }

  /// A linear structure over `count` features, readings in turn, some features read twice.
  static func linear(
    _ name: String, pooling: Pooling, count: Int = 5, seed: UInt64 = 3
  ) -> Structure {
    var generator = SplitMix64(seed: seed)
    var terms: [LinearReadout.Term] = []
    var feature = 0
    for index in 0..<count {
      feature += Int.random(in: 0...7, using: &generator)
      terms.append(
        LinearReadout.Term(
          feature: feature, reading: Reading.allCases[index % 3],
          weight: Double(generator.normal()), centre: Double(generator.normal()),
          scale: Double.random(in: 0.5..<2, using: &generator)))
    }
    return Structure(
      name: name, readout: .linear(LinearReadout(terms: terms, intercept: 0.25)), pooling: pooling)
  }

  static func detector(_ structures: [Structure], kind: FittedDetector.Kind = .bank)
    -> FittedDetector
  {
    FittedDetector(
      name: "sample", kind: kind,
      dictionary: FittedDetector.DictionaryReference(
        name: "none", fingerprint: "", featureCount: featureCount, modelWidth: 4, hook: nil),
      masking: Masking(), structures: structures, selection: SplitRecord([]))
  }

  /// One linear structure per pooling.
  static var poolings: FittedDetector {
    detector(
      Pooling.allCases.enumerated().map { index, pooling in
        linear(pooling.rawValue, pooling: pooling, seed: UInt64(index + 5))
      })
  }
}

extension DocumentCodes {
  /// The activation of a feature at a token, by looking through all.
  func activation(_ feature: Int, at token: Int) -> Float {
    for index in offsets[token]..<offsets[token + 1] where features[index] == Int32(feature) {
      return values[index]
    }
    return 0
  }

  /// Kept tokens, or those of one segment.
  func kept(in segment: Int32? = nil) -> [Int] {
    uses.indices.filter { uses[$0] == .kept && (segment == nil || segments[$0] == segment) }
  }

  /// The pooled reading as its definition says.
  func pooled(
    _ feature: Int, _ reading: Reading, _ pooling: Pooling, in segment: Int32? = nil
  ) -> Double {
    let readings = kept(in: segment).map { token in
      let value = Double(activation(feature, at: token))
      return switch reading {
      case .positive: Swift.max(value, 0)
      case .negative: Swift.max(-value, 0)
      case .magnitude: Swift.abs(value)
      }
    }
    return switch pooling {
    case .maximum: readings.max() ?? 0
    case .mean: readings.reduce(0, +) / Double(readings.count)
    case .rate: Double(readings.count { $0 > 0 }) / Double(readings.count)
    case .last: readings.last ?? 0
    }
  }
}
