import Formats
import Foundation
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkReplayTests {
  /// A sandbox whose folder `out` is a bank with 600 null texts of z 0 to 599/300 − 1.
  private func calibrated() throws -> MarkSandbox {
    let marks = try MarkSandbox()
    let nulls = (0..<600).map { line("n\($0)", z: Double($0) / 300 - 1, "\"split\":\"null\",") }
    try marks.folder.write(nulls.joined(), to: "null.jsonl")
    let result = try marks.run(["calibrate", "null.jsonl", "--replay", "-o", "out"] + marks.inBank)
    #expect(result.status == 0, "\(result.error)")
    return marks
  }

  /// A scored text, replayed with a key.
  private func line(
    _ id: String, key: String = "a", z: Double, tokens: Int = 40, _ more: String = "",
    _ document: String = ""
  ) -> String {
    "{\"id\":\"\(id)\",\"text\":\"Text \(id).\",\(more)\"replay\":{\"key\":\"\(key)\",\(document)"
      + "\"strength\":3,\"tokens\":\(tokens),\"innovation\":\(z * 2),\"variance\":4,\"log_ratio\":0.25}}\n"
  }

  private func detect(_ marks: MarkSandbox, _ files: [String]) throws -> Tool.Result {
    try marks.run(["detect", "--replay", "--bank", "out", "--json"] + files)
  }

  @Test func aTextInTwoFilesIsOneTextWithTwoCandidates() throws {
    let marks = try calibrated()
    // p of z 0.991 is 3/601: with one candidate flagged at 0.0075, with two not.
    try marks.folder.write(
      line("x", z: 0.991, "\"log_ratios\":[-1,2,-3],\"log_ratio\":0.25,")
        + line("y", z: 5), to: "a.jsonl")
    try marks.folder.write(
      line("y", key: "b", z: 6, "\"log_ratios\":[-1,-2,3],") + line("x", key: "b", z: 0)
        + line("z", key: "b", z: 0), to: "b.jsonl")
    let rate = ["--rate", "0.0075"]
    let alone = try JSONValue.parse(text: try detect(marks, ["a.jsonl"] + rate).output)
    #expect(alone["flagged"]?.asInt == 2 && alone["documents"]?.asInt == 2)
    let both = try JSONValue.parse(text: try detect(marks, ["a.jsonl", "b.jsonl"] + rate).output)
    let results = try #require(both["results"]?.asArray)
    #expect(results.map { $0["id"]?.asString } == ["x", "y", "z"])
    #expect(results.map { $0["verdict"]?["candidates"]?.asInt } == [2, 2, 1])
    #expect(results.map { $0["verdict"]?["flagged"]?.asBool } == [false, true, false])
    #expect(results.map { $0["verdict"]?["key"]?.asString } == ["a", "b", "b"])
    #expect(results[0]["verdict"]?["p"]?.asDouble == 3.0 / 601)
    #expect(results[0]["verdict"]?["corrected_p"]?.asDouble == 6.0 / 601)
    // The evidence is that of the best candidate's own line.
    #expect(results[1]["verdict"]?["span"]?["tokens"]?.asArray == [.integer(2), .integer(3)])
    #expect(results[1]["file"]?.asString == "a.jsonl")
    // Nothing of one key is left in the line of several, nor the statistic by two names.
    #expect(results[0]["log_ratios"] == nil && results[0]["log_ratio"] == nil)
    #expect(alone["results"]?.asArray?.first?["log_ratios"]?.asArray?.count == 3)
    // No product: one text was tried with one key alone.
    let report = try marks.run(["detect", "--replay", "--bank", "out", "a.jsonl", "b.jsonl"])
    #expect(report.output.contains("best of 1 to 2 candidates of 2 keys"), "\(report.output)")
    try marks.folder.write(line("x", z: 0) + line("y", key: "b", z: 0), to: "apart.jsonl")
    let apart = try marks.run(["detect", "--replay", "--bank", "out", "apart.jsonl"])
    #expect(apart.output.contains("best of 1 candidate of 2 keys"), "\(apart.output)")
    // Other text under the same id is another text.
    try marks.folder.write(line("x", z: 0).replacing("Text x", with: "Other"), to: "other.jsonl")
    let other = try JSONValue.parse(text: try detect(marks, ["a.jsonl", "other.jsonl"]).output)
    #expect(other["documents"]?.asInt == 3)
  }

  @Test func whatCannotBeOneTextIsRefused() throws {
    let marks = try calibrated()
    let first = line("x", z: 1)
    try marks.folder.write(first, to: "a.jsonl")
    let bare = first.replacing("\"text\":\"Text x.\",", with: "")
    let reading = "\"strength\":3,\"innovation\":1,\"variance\":1,\"log_ratio\":0"
    let array =
      "{\"id\":\"q\",\"replay\":[{\"key\":\"a\",\"tokens\":40,\(reading)},"
      + "{\"key\":\"c\",\"tokens\":39,\(reading)}]}\n"
    let cases = [
      (first, first, "'replay' is of key 'a' again"),
      (first, line("x", key: "b", z: 1, tokens: 41), "'replay.tokens' is 41, expected 40"),
      (bare, bare.replacing("\"a\"", with: "\"b\""), "again, without a text"),
      (first, array, "'replay[1].tokens' is 39, expected 40"),
    ]
    for (one, two, message) in cases {
      try marks.folder.write(one, to: "one.jsonl")
      try marks.folder.write(two, to: "two.jsonl")
      let result = try detect(marks, ["one.jsonl", "two.jsonl"])
      #expect(
        result.status == 3 && result.error.contains("two.jsonl:1")
          && result.error.contains(message), "\(result.error)")
    }
  }

  @Test(arguments: [
    ("\"scheme\":\"given\",\"document\":\"d\",", "given", JSONValue.string("d"), "value"),
    ("\"scheme\":\"window\",\"document\":1700,", "window", .integer(1700), "time"),
    ("\"scheme\":\"prompt\",\"document\":null,", "prompt", .null, "value"),
    ("\"scheme\":\"constant\",\"document\":null,", "constant", .null, "value"),
  ])
  func schemesAreThoseOfTheLine(
    _ document: String, _ scheme: String, _ value: JSONValue, _ member: String
  ) throws {
    let marks = try calibrated()
    try marks.folder.write(line("x", z: 1, "\"prompt\":\"Tell\",", document), to: "a.jsonl")
    let result = try detect(marks, ["a.jsonl"])
    #expect(result.status == 0, "\(result.error)")
    let first = try JSONValue.parse(text: result.output)["results"]?.asArray?.first
    let found = try #require(first?["verdict"]?["identifier"])
    #expect(found["scheme"]?.asString == scheme)
    #expect(found[member] ?? .null == value)
  }

  @Test func badSchemesAndValuesAreRefused() throws {
    let marks = try calibrated()
    let good = line("x", z: 1)
    let cases: [(String, String)] = [
      (line("x", z: 1, "", "\"scheme\":\"given\","), "'replay.document'"),
      (line("x", z: 1, "", "\"scheme\":\"given\",\"document\":\"\","), "expected a name"),
      (line("x", z: 1, "", "\"scheme\":\"window\",\"document\":\"x\","), "seconds since 1970"),
      (line("x", z: 1, "", "\"scheme\":\"prompt\",\"document\":null,"), "prompt"),
      (line("x", z: 1, "", "\"scheme\":\"constant\",\"document\":\"x\","), "expected null"),
      (line("", z: 1), "'id' is empty"),
      (line("x", z: 1, "\"prompt\":\"\",", "\"scheme\":\"prompt\","), "'prompt' is empty"),
      (line("x", z: 1, "", "\"scheme\":\"clock\","), "'given', 'prompt', 'window' or 'constant'"),
      (
        good.replacing("\"variance\":4", with: "\"variance\":1e-200")
          .replacing("\"innovation\":2.0", with: "\"innovation\":1e300"), "of z inf"
      ),
    ]
    for (text, message) in cases {
      #expect(text != good)
      try marks.folder.write(text, to: "bad.jsonl")
      let result = try detect(marks, ["bad.jsonl"])
      #expect(
        result.status == 3 && result.error.contains("bad.jsonl:1")
          && result.error.contains(message), "\(message): \(result.error)")
    }
  }

  @Test func markedAndRepeatedTextsDoNotCalibrate() throws {
    let marks = try calibrated()
    let marked = line("m", z: 9, "\"watermark\":{\"key\":\"a\"},")
    let nulls = String(decoding: try marks.folder.bytes("null.jsonl"), as: UTF8.self)
    try marks.folder.write(
      nulls + marked
        + marked.replacing("\"watermark\"", with: "\"role\":\"unmarked\",\"watermark\""),
      to: "mixed.jsonl")
    try marks.folder.write(nulls.replacing("\"a\"", with: "\"b\""), to: "again.jsonl")
    let result = try marks.run(
      ["calibrate", "mixed.jsonl", "again.jsonl", "--replay", "-o", "new", "--json"] + marks.inBank)
    #expect(result.status == 0, "\(result.error)")
    let summary = try JSONValue.parse(text: result.output)
    #expect(summary["texts"]?.asInt == 600 && summary["other_texts"]?.asInt == 2)
    #expect(summary["repeated_texts"]?.asInt == 600)
  }

  /// Every reading says its strength; one without, or with another one than the null texts', is refused.
  @Test func strengthsAreThoseOfTheNullTexts() throws {
    let marks = try calibrated()
    let bank = try WatermarkBank(path: marks.folder.file("out"))
    #expect(bank.replay?.strength == 3)
    let good = line("x", z: 1)
    let second =
      "{\"key\":\"b\",\"strength\":1.5,\"tokens\":40,\"innovation\":1,\"variance\":1,\"log_ratio\":0}"
    let array = good.replacing("\"replay\":{", with: "\"replay\":[{")
      .replacing("}}", with: "},\(second)]}")
    let missing =
      "'replay.strength' is missing, expected what the bank's amounts were multiplied by in the plan of"
      + " the replay"
    let cases = [
      (
        good.replacing("\"strength\":3", with: "\"strength\":1.5"),
        "'replay.strength' is 1.5, expected 3.0, at which the bank's null texts were replayed"
      ), (array, "'replay[1].strength' is 1.5, expected 3.0, at which"),
      (good.replacing("\"strength\":3,", with: ""), missing),
      (good.replacing("\"strength\":3,\"", with: "\"strength\":null,\""), missing),
      (
        good.replacing("\"strength\":3", with: "\"strength\":0"),
        "field 'replay.strength' is 0, expected a finite number above 0"
      ),
    ]
    for (text, message) in cases {
      #expect(text != good)
      try marks.folder.write(good.replacing("\"x\"", with: "\"w\"") + text, to: "bad.jsonl")
      let result = try detect(marks, ["bad.jsonl"])
      #expect(
        result.status == 3 && result.error.contains("bad.jsonl:2: \(message)"), "\(result.error)")
    }
  }

  @Test func nullTextsAreOfOneStrength() throws {
    let marks = try calibrated()
    let nulls = String(decoding: try marks.folder.bytes("null.jsonl"), as: UTF8.self)
    func calibrate(_ text: String) throws -> Tool.Result {
      try marks.folder.write(text, to: "new.jsonl")
      return try marks.run(
        ["calibrate", "new.jsonl", "--replay", "-o", "new", "--json"] + marks.inBank)
    }
    let odd = line("odd", z: 0).replacing("\"strength\":3", with: "\"strength\":1")
    let mixed = try calibrate(nulls + odd)
    #expect(
      mixed.status == 3
        && mixed.error.contains(
          "new.jsonl:601: 'replay.strength' is 1.0, expected 3.0, as of the texts before it"),
      "\(mixed.error)")
    let bare = try calibrate(nulls + odd.replacing("\"strength\":1,", with: ""))
    #expect(
      bare.status == 3 && bare.error.contains("new.jsonl:601: 'replay.strength' is missing"),
      "\(bare.error)")
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("new")))
    // Texts that do not count may have been replayed at any.
    let marked = odd.replacing("\"replay\"", with: "\"role\":\"marked\",\"replay\"")
    let other = try calibrate(marked + nulls.replacing("\"strength\":3", with: "\"strength\":0.5"))
    #expect(other.status == 0, "\(other.error)")
    let summary = try JSONValue.parse(text: other.output)
    #expect(summary["strength"]?.asDouble == 0.5 && summary["texts"]?.asInt == 600)
    #expect(try WatermarkBank(path: marks.folder.file("new")).replay?.strength == 0.5)
  }

  @Test func optionsThatReplayIgnoresAreRefused() throws {
    let marks = try MarkSandbox()
    for option in [
      ["--minimum", "400"], ["--buckets", "4"], ["--threads", "1"], ["--layer", "1"],
      ["--check-weights"], ["--document", "x"], ["--sae", "wide"],
    ] {
      let result = try marks.run(["detect", "x.jsonl", "--replay"] + marks.inBank + option)
      #expect(result.status == 2 && result.error.contains("goes without \(option[0])"))
    }
    for option in [["--block", "64"], ["--threads", "1"], ["--layer", "1"], ["--codes"]] {
      let result = try marks.run(["calibrate", "x.jsonl", "--replay"] + marks.inBank + option)
      #expect(result.status == 2 && result.error.contains("goes without \(option[0])"))
    }
  }
}
