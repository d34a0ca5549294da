import Detector
import Steering

extension WatermarkBank {
  /// The name of the one structure of a keyed detector.
  public static let structureName = "watermark"

  /// The calibrated detector of one choice of entries: one structure, whose score is Stouffer's sum.
  ///
  /// T = Σ sᵢ zᵢ / √(s′Rs), zᵢ = (xᵢ − μᵢ)/σᵢ the chosen entries' scores in null standard deviations, R
  /// their correlation on the null documents: of unmarked text T has mean 0 and deviation 1. A sum of linear
  /// mean-pooled readouts is one such readout, so T is scored, streamed and explained as any other structure.
  /// Its calibration is T of all null documents of the bank, each measured by the moments of the others: a
  /// document that takes part in the moments it is measured by stands out less than a new one. Whoever has the detector can detect, and can read
  /// the choice from it: it is as secret as the choice.
  ///
  /// It names no weights, for it reads others than the whole bank: ``KeyedBank/detector(of:)`` names them.
  ///
  /// - Parameter options: Length buckets and rates of streams; the length of blocks is that of the bank's
  ///   null scores, whatever the options say.
  /// - Throws: `invalidArgument` for a bank without null scores, an entry that the bank has not, too few null
  ///   documents, and entries that cancel one another.
  public func detector(
    of selection: MarkSelection, options: CalibrationOptions = CalibrationOptions()
  ) throws(SteeringError) -> FittedDetector {
    let statistic = try KeyedStatistic(selection, try requireNulls())
    var dictionary = detector.dictionary
    // The bank's is over the features of all entries; this reads those of a few.
    dictionary.fingerprint = ""
    let keyed = FittedDetector(
      name: detector.name, kind: .watermark, dictionary: dictionary,
      masking: detector.masking,
      structures: [
        Structure(
          name: Self.structureName, readout: .linear(readout(of: statistic)), pooling: .mean)
      ], selection: detector.selection,
      calibration: try statistic.calibration(options, withBlocks: true))
    try SteeringError.rendering { () throws(DetectionError) in try keyed.check() }
    return keyed
  }

  /// The calibrated detector of `key` for `document`; see ``detector(of:options:)``.
  ///
  /// - Throws: `invalidArgument` also for a key of another bank, or an identifier of another scheme than
  ///   the key's. A retired key detects.
  public func detector(
    key: WatermarkKey, document: DocumentIdentifier,
    options: CalibrationOptions = CalibrationOptions()
  ) throws(SteeringError) -> FittedDetector {
    try detector(of: try selection(key: key, document: document), options: options)
  }

  /// The null scores.
  ///
  /// - Throws: `invalidArgument` where there are none.
  func requireNulls() throws(SteeringError) -> NullScores {
    guard let nulls else {
      throw SteeringError(
        .invalidArgument,
        "bank '\(detector.name)' has no null scores, expected a calibrated bank")
    }
    return nulls
  }

  /// Σ factorᵢ (readoutᵢ − μᵢ) as one readout, whose terms ascend by feature and reading, each there once.
  ///
  /// Of a term that several entries have, the first one's centre c and scale s stay:
  /// w(p − c′)/s′ = (w s/s′)(p − c)/s + w(c − c′)/s′.
  private func readout(of statistic: KeyedStatistic) -> LinearReadout {
    var merged = LinearReadout(terms: [])
    var places: [TermKey: Int] = [:]
    for (place, entry) in statistic.selection.entries.enumerated() {
      guard case .linear(let readout) = detector.structures[entry].readout else { continue }
      let factor = statistic.factors[place]
      merged.intercept += factor * (readout.intercept - statistic.means[place])
      for term in readout.terms {
        let weight = factor * term.weight
        let key = TermKey(term)
        if let other = places[key] {
          let first = merged.terms[other]
          merged.terms[other].weight += weight * first.scale / term.scale
          merged.intercept += weight * (first.centre - term.centre) / term.scale
        } else {
          places[key] = merged.terms.count
          merged.terms.append(
            LinearReadout.Term(
              feature: term.feature, reading: term.reading, weight: weight, centre: term.centre,
              scale: term.scale))
        }
      }
    }
    merged.terms.sort { TermKey($0) < TermKey($1) }
    return merged
  }
}

/// What a term reads, in the order in which a readout has its terms.
private struct TermKey: Hashable, Comparable {
  let feature: Int
  let reading: Int

  init(_ term: LinearReadout.Term) {
    feature = term.feature
    reading = Reading.allCases.firstIndex(of: term.reading) ?? 0
  }

  static func < (one: TermKey, other: TermKey) -> Bool {
    (one.feature, one.reading) < (other.feature, other.reading)
  }
}
