import Detector
import SAE
import Steering
import Tensors

extension WatermarkBank {
  /// Throws unless this bank was made for `dictionary`.
  ///
  /// - Throws: `shapeMismatch` for other widths or counts; `invalidArgument` for a bank that is bound to no
  ///   dictionary, other weights of the features that are read, or other decoder rows of those that are steered.
  public func check(_ dictionary: SparseDictionary) throws(SteeringError) {
    try requireBound()
    try checkWeights(dictionary)
  }

  /// Throws unless `key` was made for this bank.
  ///
  /// - Throws: `invalidArgument`, also for a bank that is bound to no dictionary.
  public func check(_ key: WatermarkKey) throws(SteeringError) {
    try requireBound()
    guard key.bank == fingerprint else {
      throw SteeringError(
        .invalidArgument,
        "key '\(key.id)' is for bank \(key.bank.prefix(16)), found bank \(fingerprint.prefix(16)):"
          + " expected the bank that it was made for, or a key of this one")
    }
    guard key.count <= entries.count else {
      throw SteeringError(
        .invalidArgument,
        "key '\(key.id)' chooses \(key.count) entries, expected 1 to \(entries.count), which the"
          + " bank has")
    }
  }

  func checkInvariants() throws(SteeringError) {
    try Self.expect(
      (1...Self.entryLimit).contains(entries.count), "entries", "\(entries.count) of them",
      "1 to \(Self.entryLimit)")
    try Self.expect(
      detector.structures.count == entries.count, "detector.structures",
      "\(detector.structures.count) of them", "\(entries.count), one per entry")
    try Self.expect(
      (1...entries.count).contains(defaultCount), "count", "\(defaultCount)",
      "1 to \(entries.count), the number of entries")
    try Self.expect(
      (1...Self.drawLimit).contains(draws), "draws", "\(draws)", "1 to \(Self.drawLimit)")
    if let steering {
      try Self.expect(
        Hexadecimal.isDigest(steering), "steering", "of \(steering.utf8.count) characters",
        "64 lower-case hexadecimal digits")
    }
    do throws(DetectionError) {
      try detector.check()
    } catch {
      let error = SteeringError(error)
      throw SteeringError(error.code, "detector: \(error.message)")
    }
    try Self.expect(
      detector.calibration == nil, "detector.calibration", "there",
      "none: a bank keeps null scores instead")
    var places: [Int: Int] = [:]
    for (index, entry) in entries.enumerated() {
      let place = "entries[\(index)]"
      try Self.expect(
        (0..<detector.dictionary.featureCount).contains(entry.feature), "\(place).feature",
        "\(entry.feature)", "0 to \(detector.dictionary.featureCount - 1)")
      if let other = places.updateValue(index, forKey: entry.feature) {
        try Self.expect(
          false, "\(place).feature", "\(entry.feature) as entries[\(other)].feature",
          "distinct features")
      }
      guard entry.alpha.isFinite else {
        throw SteeringError(
          .nonFinite, "'\(place).alpha' is \(entry.alpha), expected a finite number above 0")
      }
      try Self.expect(entry.alpha > 0, "\(place).alpha", "\(entry.alpha)", "above 0")
      try Self.expect(
        Float(entry.alpha) > 0 && Float(entry.alpha).isFinite, "\(place).alpha",
        "\(entry.alpha)", "a number that f32 holds")
      guard entry.slope.isFinite else {
        throw SteeringError(
          .nonFinite, "'\(place).slope' is \(entry.slope), expected a finite number")
      }
      let structure = detector.structures[index]
      if case .linear = structure.readout {
      } else {
        try Self.expect(
          false, "detector.structures[\(index)].readout", "not linear", "a linear readout")
      }
      try Self.expect(
        structure.pooling == .mean, "detector.structures[\(index)].pooling",
        structure.pooling.rawValue, Pooling.mean.rawValue)
    }
    try Self.expect(
      isBound || nulls == nil && replay == nil, "null scores", "there",
      "none in a bank that is bound to no dictionary")
    if let nulls {
      try Self.expect(
        nulls.entryCount == entries.count, "null scores", "of \(nulls.entryCount) entries",
        "\(entries.count)")
    }
  }

  private static func expect(
    _ holds: Bool, _ field: String, _ found: @autoclosure () -> String,
    _ expected: @autoclosure () -> String
  ) throws(SteeringError) {
    guard holds else {
      throw SteeringError(.invalidArgument, "'\(field)' is \(found()), expected \(expected())")
    }
  }
}
