import Detector
import Formats
import Steering

/// A bank with null values of the replay statistic, and what was seen on the way.
public struct ReplayCalibrationRun: Sendable {
  /// The bank with its null values.
  public let bank: WatermarkBank
  /// Texts that were taken.
  public let textCount: Int
  /// Texts that are marked, or of another split.
  public let otherCount: Int
  /// Texts that were not replayed, or have no token.
  public let skippedCount: Int
  /// Lines whose text was taken already, with another key.
  public let repeatedCount: Int
}

extension WatermarkBank {
  /// The split whose texts calibrate replay unless told otherwise.
  public static let replaySplit = "null"

  /// Takes z of unmarked texts that were replayed, in place of the null values that the bank had.
  ///
  /// A line counts when its `role` is `unmarked` or missing, it has no member `watermark`, its `split` is
  /// `split` or missing, and it has a member `replay`; of several readings, in its line or in other lines of
  /// the same `id` and `text`, the first, so that every text counts once. All that count must be of one strength,
  /// which is that of the null values.
  ///
  /// - Throws: `invalidArgument` for a bank that is bound to no dictionary; `malformedFile` naming file, line
  ///   and member; what ``ReplayNulls`` throws.
  public func calibratedReplay(
    paths: [String], split: String = WatermarkBank.replaySplit,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> ReplayCalibrationRun {
    try requireBound()
    let total = try SteeringError.rendering { () throws(FormatError) in
      try FileSystem.byteCount(of: paths)
    }
    var done = 0
    var seen: Set<ReplayText.Identity> = []
    var repeated = 0
    var samples: [(tokens: Int, z: Double)] = []
    var strength: Double?
    var others = 0
    var skipped = 0
    for path in paths {
      let texts = try ReplayTexts(path)
      var end = 0
      while let text = try texts.next() {
        end = texts.range.upperBound
        progress(done + end, total)
        guard !text.isMarked, text.text("split") ?? split == split else {
          others += 1
          continue
        }
        guard let first = text.readings.first, first.reading.tokens > 0 else {
          skipped += 1
          continue
        }
        try SteeringError.rendering { () throws(FormatError) in
          do throws(FormatError) {
            try first.check(
              strength: strength ?? first.reading.strength, text.path(ofReading: 0),
              "as of the texts before it")
          } catch {
            throw error.at(path: texts.place)
          }
        }
        strength = first.reading.strength
        let identity = text.identity
        guard identity.digest == nil || seen.insert(identity).inserted else {
          repeated += 1
          continue
        }
        samples.append((first.reading.tokens, first.reading.z))
      }
      done += end
    }
    return ReplayCalibrationRun(
      bank: try with(replay: try ReplayNulls(samples: samples, strength: strength ?? 1)),
      textCount: samples.count, otherCount: others, skippedCount: skipped, repeatedCount: repeated)
  }

  /// Judges scored texts by their members `replay`, all of whose keys count as candidates.
  ///
  /// Lines of the same `id` and `text`, in one file or in several, are one text with several candidates: its
  /// members are those of the first line.
  ///
  /// - Parameters:
  ///   - progress: Called now and then with the bytes that are done and all bytes.
  ///   - each: Takes the findings, in the order of first lines; of texts that were not replayed there are none.
  /// - Throws: `invalidArgument` for a bank that is bound to no dictionary, or has no null values of replay, or
  ///   a rate outside (0, 1);
  ///   `malformedFile` naming file, line and member; what `each` throws.
  public func judgeReplay(
    paths: [String], rate: Double = Verdict.defaultRate,
    progress: (Int, Int) -> Void = { _, _ in },
    each: (MarkFinding) throws(SteeringError) -> Void
  ) throws(SteeringError) -> MarkRunSummary {
    try requireBound()
    guard let replay else {
      throw SteeringError(
        .invalidArgument,
        "bank '\(detector.name)' has no null values of replay, expected a bank that was calibrated"
          + " with them")
    }
    guard rate > 0, rate < 1 else {
      throw SteeringError(
        .invalidArgument, "rate is \(rate), expected more than 0 and less than 1")
    }
    let pile = try ReplayPile(paths, strength: replay.strength, progress: progress)
    var summary = MarkRunSummary()
    summary.skippedCount = pile.skippedCount
    var open: (path: Int, texts: ReplayTexts)?
    for entry in pile.entries {
      if open?.path != entry.path { open = (entry.path, try ReplayTexts(paths[entry.path])) }
      guard let text = try open?.texts.text(at: entry.range, name: entry.id) else { continue }
      guard text.id == entry.id, !text.readings.isEmpty else {
        throw SteeringError(
          FormatError(.fileChanged(detail: "found another text"), path: paths[entry.path]))
      }
      let verdict = try replay.verdict(
        of: entry.id,
        readings: entry.readings.map {
          (key: $0.key, identifier: $0.identifier, $0.reading)
        }, rate: rate)
      var finding = MarkFinding(
        file: paths[entry.path], statistic: .replay, verdict: verdict,
        members: text.members.filter {
          // Ratios of single tokens are those of the first line's key.
          $0.key != "replay"
            && (text.readings.count == entry.readings.count || $0.key != "log_ratios")
        })
      if verdict.isFlagged, let best = verdict.bestCandidate {
        finding.span = entry.readings[best].span
      }
      summary.add(finding)
      try each(finding)
    }
    return summary
  }
}
