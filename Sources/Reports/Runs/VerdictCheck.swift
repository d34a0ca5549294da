import Detector
import Formats
import Steering

/// What a verdict's line may hold, so that every line that is written can be read again.
enum VerdictCheck {
  /// Scores of segments of one document, over all structures.
  static let segmentLimit = 500_000
  /// What reads a line back.
  static var limits: JSONLimits { VerdictLine.limits }

  /// Throws unless all numbers of the verdict are finite and its line is small enough to be read.
  ///
  /// - Throws: `nonFinite` naming document and structure; `malformedFile` naming the document.
  static func check(_ verdict: Verdict) throws(SteeringError) {
    var segments = 0
    var values = 64
    for finding in verdict.findings {
      try check(finding.score, "a score", finding, verdict)
      for segment in finding.segments {
        try check(segment.score ?? 0, "a score of segment \(segment.segment)", finding, verdict)
      }
      if let place = (finding.contributions ?? []).firstIndex(where: { !$0.isFinite }) {
        try check(.infinity, "a contribution of token \(place)", finding, verdict)
      }
      segments += finding.segments.count
      values += 16 + 5 * finding.segments.count + (finding.contributions?.count ?? 0)
    }
    guard segments <= segmentLimit else {
      throw SteeringError(
        .malformedFile,
        "\(name(verdict)) has \(segments) scores of segments, expected at most \(segmentLimit), or leave"
          + " to localise nothing")
    }
    values += 2 * verdict.tokens.all
    guard values <= limits.valueCount else {
      throw SteeringError(
        .malformedFile,
        "\(name(verdict)) has \(values) values to write, expected at most \(limits.valueCount)")
    }
  }

  /// Throws unless the line is short enough.
  static func check(line: String, _ verdict: Verdict) throws(SteeringError) {
    guard line.utf8.count <= limits.byteCount else {
      throw SteeringError(
        .malformedFile,
        "\(name(verdict)) takes \(line.utf8.count) bytes, expected at most \(limits.byteCount)")
    }
  }

  private static func check(
    _ value: Double, _ what: String, _ finding: Verdict.Finding, _ verdict: Verdict
  ) throws(SteeringError) {
    guard value.isFinite else {
      throw SteeringError(
        .nonFinite,
        "\(name(verdict)) has \(what) that is NaN or infinite for structure"
          + " '\(MessageText.plain(finding.structure))', expected a finite number")
    }
  }

  private static func name(_ verdict: Verdict) -> String {
    "document '\(MessageText.plain(verdict.document))'"
  }
}
