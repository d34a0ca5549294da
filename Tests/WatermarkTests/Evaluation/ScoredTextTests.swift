import Formats
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct ScoredTextTests {
  private static let least = #""id": "a", "method": "kgw", "role": "marked", "tokens": 3"#

  private func read(_ text: String) throws(FormatError) -> ScoredText {
    try ScoredText(Array(text.utf8))
  }

  @Test func readsEveryMember() throws {
    let text = try read(
      """
      {"id": "a", "method": "kgw", "strength": 2, "role": "attacked", "attack": "swap",
       "domain": "news", "source": "model", "split": "test", "text": "one two", "prompt": "p",
       "tokens": 7, "log_likelihood": -3.5, "seconds": 0.5, "detection_seconds": 0.25,
       "z": {"kgw": 3.5, "features": -1, "lost": null}, "z_ewd": 2, "log_ratio": 9.25,
       "prompt_tokens": "anything"}
      """)
    #expect(
      text
        == ScoredText(
          id: "a", method: "kgw", strength: 2, role: .attacked, attack: "swap", source: "model",
          split: "test", text: "one two", tokens: 7, logLikelihood: -3.5, seconds: 0.5,
          detectionSeconds: 0.25,
          statistics: ["kgw": 3.5, "features": -1, "ewd": 2, "log_ratio": 9.25]))
    #expect(!text.isNull)
  }

  @Test func littleIsEnough() throws {
    let text = try read("{\(Self.least), \"attack\": null}")
    #expect(text.source == "kgw")
    #expect(text.statistics.isEmpty)
    #expect(text.text == nil && text.strength == nil && text.logLikelihood == nil)
    let null = try read(
      #"{"id": "a", "method": "human", "role": "unmarked", "tokens": 3, "split": "null"}"#)
    #expect(null.isNull)
    #expect(try !read("{\(Self.least), \"split\": \"test\"}").isNull)
  }

  static let faults: [(line: String, message: String)] = [
    ("[]", "field 'line' is an array, expected an object"),
    ("{", "not valid JSON"),
    (#"{"method": "a", "role": "marked", "tokens": 1}"#, "field 'id' is missing"),
    (#"{"id": 3, "method": "a", "role": "marked", "tokens": 1}"#, "'id' is 3, expected a string"),
    (
      #"{"id": "", "method": "a", "role": "marked", "tokens": 1}"#,
      "'id' is empty, expected a name"
    ),
    (#"{"id": "a", "role": "marked", "tokens": 1}"#, "field 'method' is missing"),
    (#"{"id": "a", "method": "a", "tokens": 1}"#, "field 'role' is missing"),
    (
      #"{"id": "a", "method": "a", "role": "odd", "tokens": 1}"#,
      "'role' is 'odd', expected one of marked, unmarked, attacked, wrong-key, spoof"
    ),
    (
      #"{"id": "a", "method": "a", "role": "attacked", "tokens": 1}"#, "field 'attack' is missing"
    ),
    (#"{"id": "a", "method": "a", "role": "marked"}"#, "field 'tokens' is missing"),
    (
      #"{"id": "a", "method": "a", "role": "marked", "tokens": -1}"#,
      "'tokens' is -1, expected an integer of 0"
    ),
    (
      #"{"id": "a", "method": "a", "role": "marked", "tokens": 1.5}"#,
      "'tokens' is 1.5, expected an integer of 0"
    ),
    ("{\(least), \"strength\": \"2\"}", "'strength' is a string, expected a number"),
    ("{\(least), \"text\": 1}", "'text' is 1, expected a string"),
    ("{\(least), \"domain\": []}", "'domain' is an array, expected a string"),
    ("{\(least), \"prompt\": true}", "'prompt' is a boolean, expected a string"),
    ("{\(least), \"source\": \"\"}", "'source' is empty, expected a name"),
    ("{\(least), \"log_likelihood\": 0.5}", "'log_likelihood' is 0.5, expected 0 or less"),
    // A mean beyond what a double can raise e to; tokens are 3.
    (
      "{\(least), \"log_likelihood\": -900.5}",
      "'log_likelihood' is -900.5, expected 0 or less, and at least -300 per token of 'tokens'"
    ),
    ("{\(least), \"log_likelihood\": -1e308}", "'log_likelihood' is -1e+308, expected 0 or less"),
    ("{\(least), \"strength\": 1.1e6}", "'strength' is 1100000.0, expected -1e6 to 1e6"),
    ("{\(least), \"strength\": -1e300}", "'strength' is -1e+300, expected -1e6 to 1e6"),
    ("{\(least), \"seconds\": -1}", "'seconds' is -1.0, expected 0 to 1e6"),
    ("{\(least), \"seconds\": 1e308}", "'seconds' is 1e+308, expected 0 to 1e6"),
    ("{\(least), \"detection_seconds\": 2e6}", "'detection_seconds' is 2000000.0, expected 0"),
    ("{\(least), \"attack\": \"cut\"}", "'attack' is 'cut', expected none where the role is 'ma"),
    (
      #"{"id": "a", "method": "a", "role": "unmarked", "tokens": 1, "attack": "cut"}"#,
      "'attack' is 'cut', expected none where the role is 'unmarked'"
    ),
    (
      "{\(least), \"split\": \"null\"}",
      "'split' is 'null', expected 'test' or none where the role is 'marked'"
    ),
    ("{\(least), \"split\": \"dev\"}", "'split' is 'dev', expected 'test' or none where the role"),
    (
      #"{"id": "a", "method": "a", "role": "unmarked", "tokens": 1, "split": "Null"}"#,
      "'split' is 'Null', expected 'null' or 'test'"
    ),
    ("{\(least), \"cost\": \"1\"}", "'cost' is a string, expected a number"),
    ("{\(least), \"cost\": 901}", "'cost' is 901.0, expected -300 to 300 per token"),
    ("{\(least), \"replay\": {\"cost\": []}}", "'replay.cost' is an array, expected a number"),
    (
      "{\(least), \"replay\": {\"cost\": 1, \"tokens\": -1}}",
      "'replay.tokens' is -1, expected an integer of 0"
    ),
    ("{\(least), \"detection_seconds\": false}", "'detection_seconds' is a boolean"),
    ("{\(least), \"z\": 3}", "'z' is 3, expected an object of numbers"),
    ("{\(least), \"z\": {\"kgw\": \"3\"}}", "'z.kgw' is a string, expected a number that f32"),
    ("{\(least), \"z\": {\"\": 3}}", "'z.' is empty, expected a name"),
    ("{\(least), \"z_kgw\": []}", "'z_kgw' is an array, expected a number"),
    ("{\(least), \"log_ratio\": 1e300}", "'log_ratio' is 1e+300, expected a number that f32"),
    (
      "{\(least), \"z\": {\"kgw\": 3}, \"z_kgw\": 3}",
      "'z_kgw' is there twice, expected each statistic once"
    ),
  ]

  /// The message names file, line and member; lines before the bad one change nothing.
  @Test(arguments: faults)
  func badLinesAreNamed(_ fault: (line: String, message: String)) throws {
    let folder = try TemporaryFolder()
    try folder.write("{\(Self.least)}\n\n\(fault.line)\n", to: "scored.jsonl")
    let error = try #require(
      refusal { () throws(SteeringError) in
        try WatermarkEvaluation(paths: [folder.file("scored.jsonl")])
      })
    #expect(error.code == .malformedFile)
    #expect(error.message.contains("scored.jsonl:3"), "\(error.message)")
    #expect(error.message.contains(fault.message), "\(error.message)")
  }

  /// `cost` over the line's tokens, that of a replay over the replay's.
  @Test func costsAreOverTheirTokens() throws {
    for (members, cost) in [
      (#""cost": 1.5"#, 0.5), (#""replay": {"cost": 1.5, "tokens": 6}"#, 0.25),
      (#""replay": {"cost": -1.5}"#, -0.5), (#""cost": 3, "replay": {"cost": 1}"#, 1),
      (#""replay": {"cost": null}"#, nil), (#""replay": {"cost": 1, "tokens": 0}"#, nil),
      // Several keys were tried: none of them is the text's.
      (#""replay": [{"cost": 1}]"#, nil),
    ] as [(String, Double?)] {
      #expect(try read("{\(Self.least), \(members)}").costPerToken == cost, "\(members)")
    }
  }

  /// The ends of what is accepted.
  @Test func largeNumbersHaveRoom() throws {
    let text = try read(
      """
      {\(Self.least), "log_likelihood": -900, "strength": -1e6, "seconds": 1e6, "cost": 900}
      """)
    #expect(text.logLikelihood == -900 && text.strength == -1e6 && text.seconds == 1e6)
    #expect(text.costPerToken == 300)
    // Where nothing is made of it, it is let through.
    let none = #"{"id": "a", "method": "m", "role": "marked", "tokens": 0, "log_likelihood": -512}"#
    #expect(try read(none).logLikelihood == -512)
  }

  @Test func filesMustBeThereAndHoldText() throws {
    let folder = try TemporaryFolder()
    try folder.write("\n", to: "empty.jsonl")
    let empty = refusal { () throws(SteeringError) in
      try WatermarkEvaluation(paths: [folder.file("empty.jsonl")])
    }
    #expect(empty?.message == "0 scored texts, expected at least 1")
    let gone = refusal { () throws(SteeringError) in
      try WatermarkEvaluation(paths: [folder.file("gone.jsonl")])
    }
    #expect(gone?.code == .inputOutput)
  }
}
