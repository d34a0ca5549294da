import Detector
import Formats
import Glibc
import Steering
import TestSupport
import Testing
import Watermark

/// What counts, once, and in which denominator.
@Suite struct WatermarkCountingTests {
  /// 19 null texts of 10 tokens that score 1 to 19: p = (1 + #{null ≥ score}) / 20.
  private static let null = (1...19).map {
    ScoredText(
      id: "n\($0)", method: "human", role: .unmarked, split: "null", tokens: 10,
      statistics: ["s": Double($0)])
  }

  private static func text(
    _ id: String, role: ScoredText.Role = .marked, strength: Double? = nil, text: String? = nil,
    tokens: Int = 10, likelihood: Double? = nil, cost: Double? = nil,
    _ statistics: [String: Double] = [:]
  ) -> ScoredText {
    ScoredText(
      id: id, method: role == .unmarked ? "none" : "m", strength: strength, role: role, text: text,
      tokens: tokens, logLikelihood: likelihood, costPerToken: cost, statistics: statistics)
  }

  private static func evaluate(_ texts: [ScoredText]) throws -> WatermarkEvaluation {
    var options = WatermarkEvaluation.Options()
    options.rates = [0.1, 0.05, 0.04]
    options.minimumPerBucket = 1
    options.maximumBuckets = 1
    let evaluator = try WatermarkEvaluator(options)
    for text in texts { try evaluator.add(text) }
    return try evaluator.finish()
  }

  /// Of three unmarked texts the one of 500 tokens can neither be nor not be a false alarm: 1 of 2.
  @Test func otherLengthsAreNoFalseAlarmsAndNoneAvoided() throws {
    for role in [ScoredText.Role.unmarked, .wrongKey] {
      let evaluation = try Self.evaluate(
        Self.null + [
          Self.text("a", role: role, ["s": 30]), Self.text("b", role: role, ["s": 0]),
          Self.text("c", role: role, tokens: 500, ["s": 30]),
        ])
      let row = try #require(evaluation.falseAlarms.first)
      #expect(row.flags.shares[0] == Evaluation.Share(1, of: 2))
      #expect(row.flags.count == 3 && row.flags.uncalibrated == 1)
      let table = try #require(evaluation.tables.first { $0.title.hasPrefix("flagged without") })
      let column = try #require(table.header.firstIndex(of: "uncalibrated"))
      #expect(table.rows.first?[(column - 1)...column] == ["3", "1"])
      #expect(
        evaluation.notes.contains {
          $0.hasPrefix("1 other texts with 's'") && $0.hasSuffix("left out of the rates")
        })
      let group = try #require(evaluation.groups.first { $0.role == role && !$0.isNull })
      #expect(group.detections.first?.flags == row.flags)
    }
    let none = try Self.evaluate(
      Self.null + [Self.text("c", role: .unmarked, tokens: 500, ["s": 3])])
    #expect(none.falseAlarms.first?.flags.shares[0]?.value == nil, "0 of 0 is not 0 %")
  }

  /// Ranges and uncalibrated texts of a source are all of them.
  @Test func rowsAddUp() throws {
    var texts: [ScoredText] = []
    for number in 0..<40 {
      texts.append(
        ScoredText(
          id: "n\(number)", method: "human", role: .unmarked, split: "null",
          tokens: 10 + number, statistics: ["s": Double(number)]))
      texts.append(Self.text("t\(number)", role: .unmarked, tokens: 5 + number * 2, ["s": 3]))
    }
    var options = WatermarkEvaluation.Options()
    options.minimumPerBucket = 10
    let evaluator = try WatermarkEvaluator(options)
    for text in texts { try evaluator.add(text) }
    let rows = try evaluator.finish().falseAlarms
    let all = try #require(rows.first { $0.source == "none" && $0.lengths == nil })
    let ranges = rows.filter { $0.source == "none" && $0.lengths != nil }
    #expect(ranges.count == 4 && all.flags.uncalibrated > 0)
    #expect(ranges.allSatisfy { $0.flags.uncalibrated == 0 })
    #expect(
      ranges.reduce(all.flags.uncalibrated) { $0 + $1.flags.count } == all.flags.count)
    #expect(rows.first?.flags.count == 40)
  }

  /// Of four marked texts one has no 's': 2 of 4 are found, not 2 of 3.
  @Test func textsWithoutAStatisticAreNotFound() throws {
    let evaluation = try Self.evaluate(
      Self.null + [
        Self.text("a", strength: 2, ["s": 30]), Self.text("b", strength: 2, ["s": 30]),
        Self.text("c", strength: 2, ["s": 0]), Self.text("d", strength: 2),
      ])
    let flags = try #require(evaluation.groups.first?.detections.first?.flags)
    #expect(flags.shares[0] == Evaluation.Share(2, of: 4))
    #expect(flags.count == 4 && flags.missing == 1 && flags.uncalibrated == 0)
    #expect(evaluation.frontiers.first?.points.first?.found?.trials == 4)
    #expect(
      evaluation.notes.contains(
        "1 of 4 marked texts of 'm' at strength 2 have no 's', and count as not found"))
  }

  @Test func eachStatisticOfATextIsTakenOnce() throws {
    let first = Self.text("a", text: "some words", likelihood: -20, ["s": 1])
    for (second, isRefused) in [
      (first, true), (Self.text("a", text: "some words", ["s": 2]), true),
      (Self.text("a", text: "other words", ["s": 1]), false),
      (Self.text("b", text: "some words", ["s": 1]), false),
      (Self.text("a", strength: 1, text: "some words", ["s": 1]), false),
      (Self.text("a", role: .wrongKey, text: "some words", ["s": 1]), false),
    ] {
      let evaluator = try WatermarkEvaluator()
      try evaluator.add(first)
      #expect(((try? evaluator.add(second)) == nil) == isRefused)
      #expect(try evaluator.finish().textCount == (isRefused ? 1 : 2))
    }
    // Without a text, other numbers are another text, and the same ones are not.
    let evaluator = try WatermarkEvaluator()
    try evaluator.add(Self.text("a", likelihood: -20, ["s": 1]))
    try evaluator.add(Self.text("a", likelihood: -21, ["s": 1]))
    #expect(throws: DetectionError.self) {
      try evaluator.add(Self.text("a", likelihood: -20, ["s": 1]))
    }
    #expect(try evaluator.finish().textCount == 2)
  }

  /// A file for each statistic: the text and what it is like count once, whichever file comes first.
  @Test func otherStatisticsOfATextAreMerged() throws {
    let lines = [
      Self.text("a", text: "some words", likelihood: -21, cost: 0.5, ["s": 30]),
      Self.text("a", text: "some words", tokens: 9, likelihood: -21, ["t": 1]),
      Self.text("a", text: "some words"),
      Self.text("a", role: .unmarked, text: "plain words", likelihood: -20),
    ]
    let evaluation = try Self.evaluate(Self.null + lines)
    #expect(evaluation.textCount == 21)
    let group = try #require(evaluation.groups.first)
    #expect(group.count == 1 && group.detections.map(\.flags.count) == [1, 1])
    #expect(group.detections.map(\.flags.missing) == [0, 0])
    #expect(group.quality.tokens == 10)
    let ratio = try #require(group.quality.perplexity)
    #expect(abs(ratio.ratio - exp(0.1)) < 1e-12 && ratio.prompts == 1)
    #expect(group.quality.expected?.texts == 1)
    let json = evaluation.json.serialised()
    #expect(try Self.evaluate(lines.reversed() + Self.null).json.serialised() == json)
    #expect(throws: DetectionError.self) { try Self.evaluate(lines + [lines[2]]) }
  }

  /// The message has file and line of the second one.
  @Test func duplicatesAreNamed() throws {
    let folder = try TemporaryFolder()
    let line = #"{"id": "a", "method": "m", "role": "marked", "tokens": 3, "text": "x y z", "z": "#
    try folder.write("\(line){\"s\": 1}}\n", to: "a.jsonl")
    try folder.write("\(line){\"t\": 1}}\n\(line){\"u\": 1, \"s\": 2}}\n", to: "b.jsonl")
    let error = refusal { () throws(SteeringError) in
      try WatermarkEvaluation(paths: [folder.file("a.jsonl"), folder.file("b.jsonl")])
    }
    let message = try #require(error?.message)
    #expect(message.contains("b.jsonl:2: 'id' is 'a' with the text and 's' of an earlier line"))
  }

  @Test func nullAndJudgedAreDisjoint() throws {
    func text(_ id: String, _ split: String?, _ content: String?) -> ScoredText {
      ScoredText(
        id: id, method: "none", role: .unmarked, split: split, text: content, tokens: 2)
    }
    let evaluator = try WatermarkEvaluator()
    for (id, split, content) in [
      ("a", "null", "some words"), ("b", "null", nil), ("c", "test", "other words"),
      ("d", "test", nil),
    ] as [(String, String, String?)] { try evaluator.add(text(id, split, content)) }
    for (id, split, content) in [
      // The same text under another id, and the same id where one text is not given.
      ("z", "test", "some words"), ("z", "null", "other words"), ("b", "test", nil),
      ("b", "test", "new"), ("a", "test", nil), ("d", "null", nil),
    ] as [(String, String, String?)] {
      #expect(
        throws: DetectionError(
          .splitOverlap(document: id, first: "null", second: "texts that are judged"))
      ) { try evaluator.add(text(id, split, content)) }
    }
    try evaluator.add(text("a", "test", "more words"))
    let evaluation = try evaluator.finish()
    #expect(evaluation.textCount == 5 && evaluation.uncheckedTexts == 2)
    #expect(evaluation.notes.contains { $0.hasPrefix("2 unmarked texts are not given") })
    // Without a null there is nothing to tell apart.
    let judged = try WatermarkEvaluator()
    try judged.add(text("d", "test", nil))
    #expect(try judged.finish().uncheckedTexts == 0)
  }

  /// Texts of the null are a group of their own.
  @Test func nullTextsAreCountedApart() throws {
    let evaluation = try Self.evaluate(
      Self.null + [
        ScoredText(id: "t", method: "human", role: .unmarked, tokens: 4, statistics: ["s": 3])
      ])
    #expect(evaluation.groups.map(\.count) == [1, 19])
    #expect(evaluation.groups.map(\.isNull) == [false, true])
    #expect(evaluation.groups.map(\.quality.tokens) == [4, 10])
    let table = try #require(evaluation.tables.first { $0.header.contains("prompts") })
    #expect(table.rows.map { $0[0] } == ["human", "human, null"])
  }
}
