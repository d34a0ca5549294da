import Detector
import Tensors

/// Collects what scored texts say, one text at a time, and makes an evaluation of it.
///
/// Numbers are kept, texts are not. The order in which lines come changes nothing. One thread at a time.
package final class WatermarkEvaluator {
  /// What texts must share to be of one group.
  struct Key: Hashable {
    var role: ScoredText.Role
    var method: String
    var strength: Double?
    var attack: String?
    /// Whether they calibrate.
    var isNull: Bool

    init(_ text: ScoredText) {
      role = text.role
      method = text.method
      strength = text.strength
      attack = text.role == .attacked || text.role == .spoof ? text.attack : nil
      isNull = text.isNull
    }
  }

  let options: WatermarkEvaluation.Options
  private var texts: [TextIdentity: TakenText] = [:]
  private var separation = NullSeparation()

  /// - Throws: `field` when a rate or the target is not in (0, 1), rates are not descending, or a number of
  ///   texts or ranges is below 1.
  package init(_ options: WatermarkEvaluation.Options = .init()) throws(DetectionError) {
    func expect(
      _ isTrue: Bool, _ name: String, _ found: some CustomStringConvertible, _ expected: String
    ) throws(DetectionError) {
      guard isTrue else {
        throw DetectionError(.field(name: name, found: "\(found)", expected: expected))
      }
    }
    try expect(!options.rates.isEmpty, "rates", "empty", "at least one")
    for rate in options.rates {
      try expect(rate > 0 && rate < 1, "rates", rate, "above 0 and below 1")
    }
    try expect(
      zip(options.rates, options.rates.dropFirst()).allSatisfy { $0 > $1 }, "rates",
      "\(options.rates)", "descending rates, each once")
    try expect(
      options.target > 0 && options.target <= 1, "target", options.target,
      "above 0 and at most 1")
    try expect(
      options.minimumPerBucket > 0, "minimumPerBucket", options.minimumPerBucket, "above 0")
    try expect(options.maximumBuckets > 0, "maximumBuckets", options.maximumBuckets, "above 0")
    self.options = options
  }

  /// Takes one line: a text, or other statistics of one that was taken before.
  ///
  /// - Throws: `splitOverlap` for the same unmarked text in the null and among those that are judged; `field`
  ///   for a statistic of a text that has it already. Nothing is taken then.
  package func add(_ text: ScoredText) throws(DetectionError) {
    let identity = TextIdentity(text)
    if let name = texts[identity]?.repeated(by: text) {
      let what = text.content == nil ? "numbers" : name.isEmpty ? "text" : "text and '\(name)'"
      throw DetectionError(
        .field(
          name: "id", found: "'\(text.id)' with the \(what) of an earlier line",
          expected: "each statistic of a text once"))
    }
    try separation.take(text)
    if texts[identity] == nil {
      texts[identity] = TakenText(text)
    } else {
      texts[identity]?.add(text)
    }
  }

  /// The evaluation of all texts that were taken.
  ///
  /// - Throws: `tooFew` when there were none.
  package func finish() throws(DetectionError) -> WatermarkEvaluation {
    guard !texts.isEmpty else {
      throw DetectionError(.tooFew(what: "scored texts", found: 0, needed: 1))
    }
    return try GatheredTexts(Array(texts.values), options).evaluation()
  }
}
