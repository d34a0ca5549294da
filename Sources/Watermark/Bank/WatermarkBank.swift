import Detector
import SAE
import Steering
import Tensors

/// Structures that watermarks choose from: how each is steered, how it is read, how ordinary text reads.
///
/// A bank is public, and says nothing of what a ``WatermarkKey`` chooses from it. Entry i is steered by
/// `entries[i]` and read by `detector.structures[i]`.
/// Invariants: 1 to ``entryLimit`` entries, as many as structures, of distinct features of the dictionary,
/// each with a finite amount above 0 and a finite slope; readouts are linear and pooled by their mean; `defaultCount` is 1 to
/// the number of entries, `draws` 1 to ``drawLimit``; null scores are of as many entries, and of a bound bank alone (``isBound``); the detector itself is not calibrated.
public struct WatermarkBank: Sendable, Equatable {
  /// How one entry is steered.
  public struct Entry: Sendable, Equatable {
    /// The feature along whose unit decoder direction D̂ rows are moved.
    public var feature: Int
    /// How far, in the units of the residual row; above 0. A mark moves by ±alpha times its strength.
    public var alpha: Double
    /// By how much a step of +alpha makes text less likely to the plain model, to first order: the change
    /// of its expected nats per token, below 0 where text gets more likely. 0 where it was not measured.
    public var slope: Double

    /// An entry.
    public init(feature: Int, alpha: Double, slope: Double = 0) {
      self.feature = feature
      self.alpha = alpha
      self.slope = slope
    }
  }

  /// Most entries of a bank.
  public static let entryLimit = 4096
  /// Most choices that are drawn for a document.
  public static let drawLimit = 4096

  /// Reads each entry: one structure per entry, not calibrated.
  public let detector: FittedDetector
  /// How each entry is steered, `[entries]`.
  public let entries: [Entry]
  /// m: entries per document that new keys choose unless told otherwise.
  public let defaultCount: Int
  /// Choices that are drawn for a document, of which the one of the least predicted cost is taken; see
  /// ``selection(key:document:)``.
  public let draws: Int
  /// ``steeringDigest(of:features:)`` of the steered features; nil for a bank that was never given its
  /// dictionary, see ``bound(to:)``.
  public let steering: String?
  /// Scores of unmarked documents; nil before calibration.
  public let nulls: NullScores?
  /// Null values of the replay statistic; nil where there are none.
  public let replay: ReplayNulls?
  /// What keys are bound to: SHA-256, in hex, over the dictionary's fingerprint, the steered rows, masking,
  /// entries and readouts.
  ///
  /// Neither names nor null scores count: a bank that is calibrated again keeps its keys.
  public let fingerprint: String

  /// A bank.
  ///
  /// - Throws: `invalidArgument` or `nonFinite` naming the field that breaks an invariant.
  public init(
    detector: FittedDetector, entries: [Entry], defaultCount: Int, draws: Int = 1,
    steering: String? = nil, nulls: NullScores? = nil,
    replay: ReplayNulls? = nil
  ) throws(SteeringError) {
    self.detector = detector
    self.entries = entries
    self.defaultCount = defaultCount
    self.draws = draws
    self.steering = steering
    self.nulls = nulls
    self.replay = replay
    fingerprint = Self.fingerprint(detector, entries, draws, steering)
    try checkInvariants()
  }

  /// The same bank with other null scores.
  ///
  /// - Throws: `invalidArgument` for scores of another number of entries, or a bank that is bound to no
  ///   dictionary.
  public func with(nulls: NullScores?) throws(SteeringError) -> WatermarkBank {
    try WatermarkBank(
      detector: detector, entries: entries, defaultCount: defaultCount, draws: draws,
      steering: steering, nulls: nulls, replay: replay)
  }

  /// The same bank with other null values of the replay statistic.
  ///
  /// - Throws: `invalidArgument` for a bank that is bound to no dictionary.
  public func with(replay: ReplayNulls?) throws(SteeringError) -> WatermarkBank {
    try WatermarkBank(
      detector: detector, entries: entries, defaultCount: defaultCount, draws: draws,
      steering: steering, nulls: nulls, replay: replay)
  }

  /// SHA-256 over everything that marks and scores depend on.
  private static func fingerprint(
    _ detector: FittedDetector, _ entries: [Entry], _ draws: Int, _ steering: String?
  ) -> String {
    var digest = Digest()
    func update(_ value: Double) { digest.update(value.bitPattern) }
    digest.update("steering watermark bank 1")
    digest.update(detector.dictionary.fingerprint)
    digest.update(detector.dictionary.featureCount)
    digest.update(detector.dictionary.modelWidth)
    digest.update(detector.masking.skipsSpecial ? 1 : 0)
    digest.update(detector.masking.sinkNorm == nil ? 0 : 1)
    update(detector.masking.sinkNorm ?? 0)
    digest.update(draws)
    digest.update(entries.count)
    for entry in entries {
      digest.update(entry.feature)
      update(entry.alpha)
      update(entry.slope)
    }
    digest.update(detector.structures.count)
    for structure in detector.structures {
      guard case .linear(let readout) = structure.readout else { continue }
      update(readout.intercept)
      digest.update(readout.terms.count)
      for term in readout.terms {
        digest.update(term.feature)
        digest.update(term.reading.rawValue)
        update(term.weight)
        update(term.centre)
        update(term.scale)
      }
    }
    if let steering {
      digest.update("steering")
      digest.update(steering)
    }
    return Hexadecimal.text(digest.finish())
  }
}
