import Detector
import SAE
import Steering
import Tensors

extension WatermarkBank {
  /// SHA-256, in hex, over the decoder rows of `features`: what marking moves rows along.
  ///
  /// Rows count as f32 in ascending order of their features, each behind its number, in whatever type they are
  /// stored. A detector's own fingerprint is over what is read, and says nothing of them.
  ///
  /// - Throws: `invalidArgument` for a feature outside the dictionary; `nonFinite` for a bad weight.
  public static func steeringDigest(
    of dictionary: SparseDictionary, features: [Int]
  ) throws(SteeringError) -> String {
    let features = Set(features).sorted()
    if let feature = features.first(where: { !(0..<dictionary.featureCount).contains($0) }) {
      throw SteeringError(
        .invalidArgument,
        "feature \(feature) is not in dictionary '\(dictionary.name)', expected 0 to"
          + " \(dictionary.featureCount - 1)")
    }
    var digest = Digest()
    digest.update("steering watermark steered features 1")
    digest.update(features.count)
    for feature in features {
      digest.update(feature)
      let row = dictionary.decoder.values(ofRow: feature, dictionary.kernels)
      guard row.allSatisfy(\.isFinite) else {
        throw SteeringError(
          .nonFinite,
          "decoder row of feature \(feature) of dictionary '\(dictionary.name)' is not finite,"
            + " expected finite weights")
      }
      digest.update(row)
    }
    return Hexadecimal.text(digest.finish())
  }

  /// Whether the bank says which weights it is read with, and which rows it steers along.
  ///
  /// A bank that does not fits every dictionary of its sizes: it has neither keys nor null scores.
  public var isBound: Bool { steering != nil && !detector.dictionary.fingerprint.isEmpty }

  /// The bank bound to the weights that `dictionary` has for the features that are read, and to the decoder
  /// rows of those that are steered; a bound one as it is.
  ///
  /// The fingerprint of a bank that was not bound changes: keys and null scores are made afterwards.
  ///
  /// - Throws: `shapeMismatch` for other widths or counts; `invalidArgument` for other weights than the bank
  ///   names; `nonFinite` for a bad weight.
  public func bound(to dictionary: SparseDictionary) throws(SteeringError) -> WatermarkBank {
    try checkWeights(dictionary)
    guard !isBound else { return self }
    var detector = detector
    detector.dictionary.fingerprint =
      try FittedDetector.DictionaryReference(of: dictionary, features: detector.features)
      .fingerprint
    return try WatermarkBank(
      detector: detector, entries: entries, defaultCount: defaultCount, draws: draws,
      steering: try Self.steeringDigest(of: dictionary, features: entries.map(\.feature)))
  }

  /// Throws unless the bank is bound to a dictionary.
  ///
  /// - Throws: `invalidArgument`.
  public func requireBound() throws(SteeringError) {
    guard !isBound else { return }
    throw SteeringError(
      .invalidArgument,
      "bank '\(detector.name)' is bound to no dictionary, expected one that 'steerctl watermark bind'"
        + " has bound to the weights that it reads and steers")
  }

  /// Throws where the bank names other weights than `dictionary` has; what it does not name fits.
  func checkWeights(_ dictionary: SparseDictionary) throws(SteeringError) {
    try dictionary.check(detector)
    guard let steering else { return }
    let found = try Self.steeringDigest(of: dictionary, features: entries.map(\.feature))
    guard found == steering else {
      throw SteeringError(
        .invalidArgument,
        "dictionary '\(dictionary.name)' has steered rows of digest \(found.prefix(16)), expected"
          + " \(steering.prefix(16)) of bank '\(detector.name)'")
    }
  }
}
