import Detector
import Formats
import Steering

/// Replay's z of unmarked texts, by length: what the z of a text is compared with.
///
/// Unmarked text has another z at another strength of the plans that it is replayed with, so that these are
/// values of one strength, and readings of another one have no p-value among them.
public struct ReplayNulls: Sendable, Equatable {
  /// Texts of similar length.
  public struct Bucket: Sendable, Equatable {
    /// Tokens of its texts.
    public let lengths: ClosedRange<Int>
    /// Their z.
    public let null: NullSample
  }

  /// Most buckets.
  public static let bucketLimit = 64

  /// What the bank's amounts were multiplied by in the plans of all texts; finite, above 0.
  public let strength: Double
  /// Null texts that each bucket has at least.
  public let minimumPerBucket: Int
  /// Buckets at most.
  public let maximumBuckets: Int
  /// Tokens of each text, in the order of `values`.
  public let lengths: [Int]
  /// z of each text, as f32, in ascending order of length, then z.
  public let values: [Float]
  /// Ranges of length without gaps, ascending.
  public let buckets: [Bucket]

  /// Makes buckets of z-values, in any order.
  ///
  /// - Parameter strength: What the bank's amounts were multiplied by in the plans of all texts.
  /// - Throws: `invalidArgument` for fewer texts than one bucket needs, a text without tokens, or a strength
  ///   that is not finite and above 0; `nonFinite` for a bad z.
  public init(
    samples: [(tokens: Int, z: Double)], strength: Double, minimumPerBucket: Int = 400,
    maximumBuckets: Int = 8
  ) throws(SteeringError) {
    guard strength.isFinite, strength > 0 else {
      throw SteeringError(
        .invalidArgument, "'strength' is \(strength), expected a finite number above 0")
    }
    guard minimumPerBucket >= 1, (1...Self.bucketLimit).contains(maximumBuckets) else {
      throw SteeringError(
        .invalidArgument,
        "replay has buckets of at least \(minimumPerBucket) texts, at most \(maximumBuckets) of them,"
          + " expected at least 1 text and 1 to \(Self.bucketLimit) buckets")
    }
    guard samples.count >= minimumPerBucket else {
      throw SteeringError(
        .invalidArgument,
        "\(samples.count) replayed null texts, expected at least \(minimumPerBucket)")
    }
    for (index, sample) in samples.enumerated() {
      guard (1...Int(Int32.max)).contains(sample.tokens) else {
        throw SteeringError(
          .invalidArgument,
          "replayed null text \(index) has \(sample.tokens) tokens, expected 1 to \(Int32.max)")
      }
      guard Float(sample.z).isFinite else {
        throw SteeringError(
          .nonFinite, "z of replayed null text \(index) is \(sample.z), expected a finite number")
      }
    }
    let sorted = samples.map { (tokens: $0.tokens, z: Float($0.z)) }
      .sorted { ($0.tokens, $0.z) < ($1.tokens, $1.z) }
    self.strength = strength
    self.minimumPerBucket = minimumPerBucket
    self.maximumBuckets = maximumBuckets
    lengths = sorted.map(\.tokens)
    values = sorted.map(\.z)
    let ranges = LengthBuckets.ranges(
      ofSorted: lengths, minimum: minimumPerBucket, maximum: maximumBuckets)
    buckets = try SteeringError.rendering { () throws(DetectionError) in
      try ranges.map { range throws(DetectionError) in
        let members = sorted.filter { range.contains($0.tokens) }
        return Bucket(lengths: range, null: try NullSample(members.map { Double($0.z) }))
      }
    }
  }

  /// The range of lengths that holds `tokens`; nil outside the calibrated lengths.
  public func bucket(ofLength tokens: Int) -> Bucket? {
    buckets.first { $0.lengths.contains(tokens) }
  }

  /// (1 + #{null z ≥ z})/(N + 1) among texts of the reading's length; nil outside the calibrated lengths.
  ///
  /// - Throws: `invalidArgument` for a reading of another strength than that of the null texts.
  public func p(of reading: ReplayReading) throws(SteeringError) -> Double? {
    guard reading.strength == strength else {
      throw SteeringError(
        .invalidArgument,
        "text was replayed at strength \(reading.strength), expected \(strength), at which the bank's"
          + " null texts were replayed")
    }
    return bucket(ofLength: reading.tokens)?.null.p(of: reading.z)
  }

  /// The verdict of a document after all candidates that were replayed on it.
  ///
  /// - Parameter readings: A reading of the same text per candidate.
  /// - Throws: `invalidArgument` for no readings, readings of different lengths, which are not of one text, or
  ///   of another strength than that of the null texts, or a rate outside (0, 1).
  public func verdict(
    of document: String, readings: [(key: String, identifier: DocumentIdentifier, ReplayReading)],
    rate: Double = Verdict.defaultRate
  ) throws(SteeringError) -> MarkVerdict {
    guard rate > 0, rate < 1 else {
      throw SteeringError(.invalidArgument, "'rate' is \(rate), expected above 0 and below 1")
    }
    guard let tokens = readings.first?.2.tokens else {
      throw SteeringError(.invalidArgument, "0 readings, expected at least 1")
    }
    if let other = readings.first(where: { $0.2.tokens != tokens }) {
      throw SteeringError(
        .invalidArgument,
        "document '\(MessageText.plain(document))' has readings of \(tokens) and of"
          + " \(other.2.tokens) tokens, expected readings of one text")
    }
    let bucket = bucket(ofLength: tokens)
    var counts = TokenCounts()
    counts.kept = tokens
    let first = buckets.first?.lengths.lowerBound ?? 0
    let limit: Verdict.Limit? =
      tokens == 0 ? .empty : bucket != nil ? nil : tokens < first ? .tooShort : .tooLong
    var candidates: [MarkVerdict.Candidate] = []
    for (key, identifier, reading) in readings {
      candidates.append(
        MarkVerdict.Candidate(
          key: key, identifier: identifier, score: reading.z, p: try p(of: reading)))
    }
    return MarkVerdict(
      document: document, tokens: counts, candidates: candidates, rate: rate,
      nullCount: bucket?.null.count, limit: limit)
  }
}
