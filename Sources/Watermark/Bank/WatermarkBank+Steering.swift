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

  /// The bank bound to the decoder rows that `dictionary` has for its features; a bound one as it is.
  ///
  /// The fingerprint of a bank that was not bound changes: keys are made afterwards.
  ///
  /// - Throws: what ``check(_:)-(SparseDictionary)`` throws.
  public func bound(to dictionary: SparseDictionary) throws(SteeringError) -> WatermarkBank {
    try check(dictionary)
    guard steering == nil else { return self }
    return try WatermarkBank(
      detector: detector, entries: entries, defaultCount: defaultCount, draws: draws,
      steering: try Self.steeringDigest(of: dictionary, features: entries.map(\.feature)),
      nulls: nulls, replay: replay)
  }
}
