/// What a detector is worth on documents that nothing was chosen or calibrated on.
public struct Evaluation: Sendable, Equatable {
  /// A share that was counted, with its 95 % Wilson interval.
  public struct Share: Sendable, Equatable {
    /// Documents that count.
    public var successes: Int
    /// All documents.
    public var trials: Int
    /// Of the share; [0, 1] without documents.
    public var interval: Interval

    /// A share of `trials` documents.
    public init(_ successes: Int, of trials: Int) {
      self.successes = successes
      self.trials = trials
      interval = BinomialInterval.wilson(successes, of: trials)
    }

    /// successes / trials; nil without documents.
    public var value: Double? { trials > 0 ? Double(successes) / Double(trials) : nil }
  }

  /// How many positives a threshold finds that lets through at most a share of the negatives.
  public struct OperatingPoint: Sendable, Equatable {
    /// The false-positive rate that is allowed.
    public var falsePositiveRate: Double
    /// Positives at or above the threshold. Its interval is conditional on the threshold, which comes
    /// from the same negatives.
    public var found: Share
    /// The lowest score that is called positive; infinite where the negatives allow none.
    public var threshold: Double
  }

  /// The threshold with the largest true-positive rate minus false-positive rate.
  public struct YoudenPoint: Sendable, Equatable {
    /// The lowest score that is called positive.
    public var threshold: Double
    /// J = TPR − FPR; too large on the documents that chose it.
    public var j: Double
    /// True-positive rate.
    public var truePositiveRate: Double
    /// False-positive rate.
    public var falsePositiveRate: Double
  }

  /// How well scores tell labelled documents apart.
  public struct Discrimination: Sendable, Equatable {
    /// Documents labelled with the structure.
    public var positives: Int
    /// Documents labelled without it.
    public var negatives: Int
    /// Area under the receiver operating characteristic; chance is 0.5.
    public var area: Double
    /// DeLong's 95 % interval of the area.
    public var areaInterval: Interval
    /// By descending false-positive rate.
    public var points: [OperatingPoint]
    /// The best single threshold.
    public var youden: YoudenPoint
  }

  /// Another detector's area on the same documents, and the paired DeLong test.
  public struct Comparison: Sendable, Equatable {
    /// The other detector's area.
    public var area: Double
    /// Its 95 % interval.
    public var areaInterval: Interval
    /// This detector's area minus the other's.
    public var difference: Double
    /// Two-sided p-value of no difference.
    public var p: Double
  }

  /// Whose flags are counted.
  public enum Group: String, Sendable, CaseIterable {
    /// Documents labelled with the structure: flags are finds.
    case with
    /// Documents labelled without it: flags are false alarms.
    case without
    /// Documents without any label, taken for null: flags are false alarms.
    case unlabelled
  }

  /// How often the calibrated p-value is at most a rate.
  public struct FlagRate: Sendable, Equatable {
    /// The rate at which documents are flagged.
    public var nominal: Double
    /// Documents that are.
    public var flagged: Share
    /// The same per bucket of the calibration.
    public var buckets: [Share]

    /// Null documents per bucket of the calibration.
    public var nullCounts: [Int]
    /// Structures that are judged side by side.
    public var structureCount: Int

    package init(
      nominal: Double, flagged: Share, buckets: [Share], nullCounts: [Int], structureCount: Int
    ) {
      self.nominal = nominal
      self.flagged = flagged
      self.buckets = buckets
      self.nullCounts = nullCounts
      self.structureCount = structureCount
    }

    /// Whether the realised rate is as near to the nominal one as chance lets it be; nil without documents.
    ///
    /// Both samples scatter: of n documents, n_b of them in a bucket of N_b null documents, the difference
    /// of the realised rate from α has the variance α(1 − α)(1/n + Σ (n_b/n)²/N_b). It may be up to
    /// Φ⁻¹(1 − 0.05/2K) deviations, and half a document, so that a detector all of whose K structures hold
    /// the rate has any of them called off it at most once in twenty times (Bonferroni). The interval of `flagged` is that of the
    /// evaluated documents alone.
    public var holdsNominal: Bool? {
      guard let share = flagged.value else { return nil }
      let count = Double(flagged.trials)
      let calibration = zip(buckets, nullCounts).reduce(0.0) { sum, bucket in
        let weight = Double(bucket.0.trials) / count
        return bucket.1 > 0 ? sum + weight * weight / Double(bucket.1) : sum
      }
      let deviation = (nominal * (1 - nominal) * (1 / count + calibration)).squareRoot()
      let reach = -Normal.quantile(0.025 / Double(max(structureCount, 1)))
      return abs(share - nominal) <= reach * deviation + 0.5 / count
    }
  }

  /// One structure.
  public struct Result: Sendable, Equatable {
    /// The structure's name.
    public var structure: String
    /// Nil where documents of both labels are not there.
    public var discrimination: Discrimination?
    /// The baseline on the same documents; nil without one that has the structure.
    public var baseline: Comparison?
    /// Realised rates by group, in the order of the rates; none for a detector without calibration.
    public var flags: [Group: [FlagRate]]
  }

  /// One per structure, in the detector's order.
  public var results: [Result]
  /// The combined p-value's realised rates on unlabelled documents; none for one structure.
  public var combined: [FlagRate]
  /// Kept tokens per bucket of the calibration, both ends included.
  public var buckets: [ClosedRange<Int>]
  /// Documents that were given.
  public var documentCount: Int
  /// Of them, documents without a kept token: they have no score.
  public var emptyCount: Int
  /// Documents with a score whose length was not calibrated: they have no p-value.
  public var uncalibratedCount: Int

  /// Mean area over structures that have one; nil without any.
  public var macroArea: Double? { Self.mean(results.compactMap(\.discrimination?.area)) }

  /// Mean area of the baseline over structures that both have; nil without any.
  public var macroBaselineArea: Double? { Self.mean(results.compactMap(\.baseline?.area)) }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
