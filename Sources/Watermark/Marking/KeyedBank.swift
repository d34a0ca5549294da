import Detector
import SAE
import Steering

/// A bank with one of its keys, checked against the dictionary: what a host marks and detects with.
///
/// Immutable, shared by all threads. Texts, messages and descriptions hold nothing of the key's secret; plans
/// and detectors that it makes tell what was chosen for their document, and are as secret as that.
public final class KeyedBank: Sendable, CustomStringConvertible {
  /// What rows are steered and read with.
  public let dictionary: SparseDictionary
  /// The bank.
  public let bank: WatermarkBank
  /// The key.
  public let key: WatermarkKey
  /// What the choices of all keys of as many entries have in common.
  private let lean: [Double]

  /// Checks that dictionary, bank and key belong together.
  ///
  /// - Throws: `shapeMismatch` or `invalidArgument` for another dictionary, `invalidArgument` for a bank that
  ///   is bound to none, or a key of another bank.
  public init(
    dictionary: SparseDictionary, bank: WatermarkBank, key: WatermarkKey
  ) throws(SteeringError) {
    try bank.check(dictionary)
    try bank.check(key)
    self.dictionary = dictionary
    self.bank = bank
    self.key = key
    lean = bank.lean(count: key.count)
  }

  /// Reads bank and key from their files.
  ///
  /// - Throws: also what ``WatermarkBank/init(path:)`` and ``WatermarkKey/read(path:)`` throw.
  public convenience init(
    dictionary: SparseDictionary, bankPath: String, keyPath: String
  ) throws(SteeringError) {
    try self.init(
      dictionary: dictionary, bank: try WatermarkBank(path: bankPath),
      key: try WatermarkKey.read(path: keyPath))
  }

  /// The compiled plan that marks the text of `document`.
  ///
  /// - Throws: `invalidArgument` for a retired key, an identifier of another scheme than the key's, or a
  ///   strength that is not finite and above 0; `nonFinite` for a bad weight.
  public func plan(
    of document: DocumentIdentifier, strength: Double = 1
  ) throws(SteeringError) -> Plan {
    try Plan(
      try bank.plan(key: key, document: document, strength: strength), dictionary: dictionary)
  }

  /// The plan to read a text with again for ``verdict(of:rate:)``: that of its mark, less what the marks of all keys have in
  /// common (``WatermarkBank/replayPlan(of:lean:strength:)``); a retired key replays.
  ///
  /// - Throws: as ``plan(of:strength:)``, but for the retired key.
  public func replayPlan(
    of document: DocumentIdentifier, strength: Double = 1
  ) throws(SteeringError) -> Plan {
    let selection = try bank.selection(key: key, document: document)
    let document = try bank.replayPlan(of: selection, lean: lean, strength: strength)
    return try Plan(document, dictionary: dictionary)
  }

  /// The calibrated detector of the mark of `document`, for streams; a retired key detects.
  ///
  /// - Throws: `invalidArgument` for a bank without null scores, or an identifier of another scheme than the
  ///   key's; `nonFinite` for a bad weight.
  public func detector(of document: DocumentIdentifier) throws(SteeringError) -> StreamDetector {
    var detector = try bank.detector(key: key, document: document)
    detector.dictionary.fingerprint =
      try FittedDetector.DictionaryReference(of: dictionary, features: detector.features)
      .fingerprint
    return try StreamDetector(detector, dictionary)
  }

  /// What the replay of one text shows; the p-value is good for one look at one text.
  ///
  /// - Throws: `invalidArgument` for a bank without null values of the replay statistic, or a reading of another
  ///   strength than theirs.
  public func verdict(
    of reading: ReplayReading, rate: Double = Verdict.defaultRate
  ) throws(SteeringError) -> ReplayVerdict {
    guard let replay = bank.replay else {
      throw SteeringError(
        .invalidArgument,
        "bank '\(bank.detector.name)' has no null texts of replays, expected a bank that was"
          + " calibrated with them")
    }
    return try ReplayVerdict(reading, among: replay, rate: rate)
  }

  /// The key's public parts and the bank's name.
  public var description: String { "\(key) of bank '\(bank.detector.name)'" }
}
