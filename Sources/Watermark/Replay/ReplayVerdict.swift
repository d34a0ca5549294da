import Detector
import Glibc
import Steering

/// What the replay of one text shows, for one key and one document: no others were tried.
public struct ReplayVerdict: Sendable, Equatable {
  /// The reading.
  public let reading: ReplayReading
  /// (1 + #{null z ≥ z})/(N + 1) among null texts of similar length; nil outside the calibrated lengths.
  public let p: Double?
  /// The share of unmarked texts that may be flagged.
  public let rate: Double
  /// Why there is no p-value; nil where there is one.
  public let limit: Verdict.Limit?

  /// Compares a reading with null texts.
  ///
  /// - Throws: `invalidArgument` for a reading of another strength than that of the null texts.
  public init(
    _ reading: ReplayReading, among nulls: ReplayNulls, rate: Double
  ) throws(SteeringError) {
    self.reading = reading
    self.rate = rate
    p = try nulls.p(of: reading)
    let shortest = nulls.buckets.first?.lengths.lowerBound ?? 0
    limit =
      reading.tokens == 0
      ? .empty : p != nil ? nil : reading.tokens < shortest ? .tooShort : .tooLong
  }

  /// innovation/√variance of the reading.
  public var z: Double { reading.z }

  /// Whether ``p`` is at most ``rate``.
  public var isFlagged: Bool { p.map { $0 <= rate } ?? false }

  /// min(1, 1/e) with e = exp(log ratio), an e-value for "drawn by the plain model at temperature 1".
  public var anytimeP: Double { min(1, exp(-reading.logRatio)) }
}
