import Detector
import SAE
import Steering
import TestSupport
import Watermark

/// A bank over made-up features, and documents of random activations.
///
/// Entry i reads features 2i (up), 2i + 1 (down), and the shared feature 30; it steers feature 40 + i.
enum TestBank {
  static let featureCount = 64
  static let entryCount = 12

  /// The dictionary that the banks are bound to.
  static func dictionary(featureCount: Int = TestBank.featureCount) throws -> SparseDictionary {
    try SparseDictionary(
      RandomDictionary(featureCount: featureCount, width: 4, seed: 5).parts(.relu))
  }

  static func bare(
    _ count: Int = entryCount, name: String = "trial", alphaOfFirst: Double = 1
  ) throws -> WatermarkBank {
    try unbound(count, name: name, alphaOfFirst: alphaOfFirst).bound(to: try dictionary())
  }

  static func unbound(
    _ count: Int = entryCount, name: String = "trial", alphaOfFirst: Double = 1
  ) throws -> WatermarkBank {
    let structures = (0..<count).map { entry in
      var terms = [
        LinearReadout.Term(feature: 2 * entry, weight: 1.5, centre: 0.25, scale: 0.5),
        LinearReadout.Term(feature: 2 * entry + 1, reading: .magnitude, weight: -1, scale: 0.75),
        LinearReadout.Term(
          feature: 30, weight: 0.3 * Double(entry % 3), centre: 0.1 * Double(entry),
          scale: 1 + Double(entry)),
      ]
      if entry % 2 == 1 {
        terms.append(LinearReadout.Term(feature: 30, reading: .negative, weight: -0.2, centre: 1))
      }
      return Structure(
        name: "entry-\(entry)",
        readout: .linear(LinearReadout(terms: terms, intercept: Double(entry) - 3)),
        pooling: .mean)
    }
    return try WatermarkBank(
      detector: FittedDetector(
        name: name, kind: .bank,
        dictionary: FittedDetector.DictionaryReference(
          name: "none", fingerprint: "", featureCount: featureCount, modelWidth: 4, hook: "h"),
        masking: Masking(skipsSpecial: true, sinkNorm: 12.5), structures: structures,
        selection: SplitRecord([DocumentIdentity(bits: 7)])),
      entries: (0..<count).map {
        WatermarkBank.Entry(
          feature: 40 + $0, alpha: $0 == 0 ? alphaOfFirst : 1 + Double($0) / 8)
      }, defaultCount: min(3, count))
  }

  /// An entry per slope, each of a feature of its own.
  static func costly(_ slopes: [Double], draws: Int = 1) throws -> WatermarkBank {
    try WatermarkBank(
      detector: FittedDetector(
        name: "costly", kind: .bank,
        dictionary: FittedDetector.DictionaryReference(
          name: "none", fingerprint: "", featureCount: 128, modelWidth: 4, hook: "h"),
        masking: Masking(skipsSpecial: true, sinkNorm: nil),
        structures: slopes.indices.map { entry in
          Structure(
            name: "entry-\(entry)",
            readout: .linear(LinearReadout(terms: [LinearReadout.Term(feature: entry)])),
            pooling: .mean)
        }, selection: SplitRecord([])),
      entries: slopes.indices.map {
        WatermarkBank.Entry(feature: $0, alpha: 1, slope: slopes[$0])
      }, defaultCount: 1, draws: draws
    ).bound(to: try dictionary(featureCount: 128))
  }

  /// A document in which the chosen entries are moved by `shift` times their sign, in `tokens` alone where
  /// they are given.
  static func document(
    _ number: Int, length: Int, seed: UInt64 = 1, mark: MarkSelection? = nil, shift: Float = 0,
    tokens: Range<Int>? = nil
  ) -> DocumentCodes {
    var generator = SplitMix64(seed: seed &* 7_919_000_003 &+ UInt64(number))
    var document = DocumentCodes(
      id: "document-\(number)", identity: DocumentIdentity(bits: generator.next()),
      featureCount: featureCount)
    for token in 0..<length {
      var values: [Int: Float] = [:]
      for feature in 0..<31 where UInt64.random(in: 0..<3, using: &generator) == 0 {
        values[feature] = generator.normal()
      }
      if let mark, tokens?.contains(token) ?? true {
        for (entry, sign) in zip(mark.entries, mark.signs) {
          values[2 * entry + (sign > 0 ? 0 : 1), default: 0] += shift
        }
      }
      let features = values.keys.sorted()
      document.append(
        features: features.map(Int32.init), values: features.compactMap { values[$0] },
        use: token == 0 ? .special : .kept)
    }
    return document
  }

  static func documents(_ count: Int, seed: UInt64) -> [DocumentCodes] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map {
      document($0, length: Int.random(in: 17...70, using: &generator), seed: seed)
    }
  }

  /// The bank with null scores of `count` documents.
  static func calibrated(_ count: Int = 900, seed: UInt64 = 11) throws -> WatermarkBank {
    let bank = try bare()
    let calibrator = try Calibrator(bank.detector, options: CalibrationOptions(blockLength: 8))
    for document in documents(count, seed: seed) { try calibrator.add(document) }
    return try bank.calibrated(calibrator.nullDocuments, blockLength: 8)
  }

  /// A choice of 3 entries, other for every number.
  static func selection(_ number: Int, count: Int = 3) throws -> MarkSelection {
    try testKey(count: count).selection(of: .given("text-\(number)"), among: entryCount)
  }

  static func candidate(_ number: Int) throws -> MarkCandidate {
    MarkCandidate(
      key: "key-\(number)", identifier: .given("text-\(number)"),
      selection: try selection(number))
  }
}
