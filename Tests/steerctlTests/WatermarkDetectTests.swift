import Detector
import Formats
import Foundation
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkDetectTests {
  private static let texts = MarkSandbox.texts

  /// The lines of a file of verdicts.
  private func lines(_ folder: TemporaryFolder, _ name: String) throws -> [JSONValue] {
    try folder.bytes(name).split(separator: UInt8(ascii: "\n")).map {
      try JSONValue.parse(Array($0))
    }
  }

  private func flagged(_ lines: [JSONValue]) -> Int {
    lines.count { $0["verdict"]?["flagged"]?.asBool == true }
  }

  @Test func theRightKeyFindsItsMark() throws {
    let marks = try MarkSandbox()
    let calibrated = try marks.calibrate()
    #expect(calibrated.status == 0, "\(calibrated.error)")
    try marks.key("right", seed: 100)
    let wrong = (1...20).map { "wrong-\($0)" }
    for (place, id) in wrong.enumerated() { try marks.key(id, seed: UInt64(place + 1)) }
    try marks.write("texts", count: Self.texts, seed: 12)
    let base = ["--sae", "wide", "--document", "letter-17"] + marks.inBank
    let plan = try marks.run(["plan", "--key", "right.json", "-o", "plan.json"] + base)
    #expect(plan.status == 0, "\(plan.error)")
    let applied = try marks.mark("texts", plan: "plan.json", to: "marked")
    #expect(applied.status == 0, "\(applied.error)")

    let right = try marks.run(
      ["detect", "marked.safetensors", "--key", "right.json", "-o", "right.jsonl"] + base)
    #expect(right.status == 0, "\(right.error)")
    #expect(right.output.contains("best of 1 key × 1 document id"), "\(right.output)")
    let found = try lines(marks.folder, "right.jsonl")
    #expect(found.count == Self.texts && flagged(found) == Self.texts)
    for line in found {
      #expect(line["verdict"]?["p"]?.asDouble == 1 / Double(MarkSandbox.nullCount + 1))
      #expect(line["verdict"]?["key"]?.asString == "right")
      #expect(line["z"]?["features"]?.asDouble == line["verdict"]?["score"]?.asDouble)
      let span = try #require(line["verdict"]?["span"])
      let ends = try #require(span["tokens"]?.asArray)
      let range = ends.compactMap { $0.asInt }
      #expect(range.count == 2 && range[0] >= 1 && range[1] > range[0])
      #expect(span["text"]?.asString == (range[0]..<range[1]).map { "w\($0) " }.joined())
    }
    #expect(found.map { $0["id"]?.asString } == (0..<Self.texts).map { "texts-\($0)" })

    // Twenty other keys on marked text, one at a time: about as often as on any text.
    var others = 0
    for id in wrong {
      let result = try marks.run(
        ["detect", "marked.safetensors", "--key", id + ".json", "-o", "wrong.jsonl"] + base)
      #expect(result.status == 0, "\(result.error)")
      let count = flagged(try lines(marks.folder, "wrong.jsonl"))
      // Entries are shared by chance; most of a mark never is.
      #expect(count <= Self.texts / 3, "\(id)")
      others += count
    }
    #expect(others <= 14, "\(others) of 240")

    // All at once: the right one is the best in every text, and still flags after the correction.
    let all = try marks.run(
      ["detect", "marked.safetensors", "-o", "all.jsonl", "--rate", "0.05"] + base
        + (wrong + ["right"]).flatMap { ["--key", $0 + ".json"] })
    #expect(all.status == 0, "\(all.error)")
    #expect(all.output.contains("best of 21 keys × 1 document id; p is multiplied by 21"))
    let best = try lines(marks.folder, "all.jsonl")
    #expect(best.allSatisfy { $0["verdict"]?["key"]?.asString == "right" })
    #expect(best.allSatisfy { $0["verdict"]?["candidates"]?.asInt == 21 })
    #expect(flagged(best) == Self.texts)

    // Unmarked text, and the right key with another document's name.
    for arguments in [["texts.safetensors"], ["marked.safetensors", "--document", "letter-18"]] {
      let rest = arguments.count > 1 ? ["--sae", "wide"] + marks.inBank : base
      let result = try marks.run(
        ["detect"] + arguments + ["--key", "right.json", "-o", "none.jsonl"] + rest)
      #expect(result.status == 0, "\(result.error)")
      #expect(flagged(try lines(marks.folder, "none.jsonl")) <= 3)
    }
    // At the usual rate so many keys cannot flag anything, which is said.
    let hopeless = try marks.run(
      ["detect", "marked.safetensors"] + base
        + (wrong + ["right"]).flatMap { ["--key", $0 + ".json"] })
    #expect(hopeless.status == 0 && hopeless.output.contains("could not be flagged at this rate"))
  }

  @Test func identifiersAndExitCodes() throws {
    let marks = try MarkSandbox()
    #expect(try marks.calibrate().status == 0)
    try marks.key("asked", seed: 3, documents: .prompt)
    try marks.key("timed", seed: 4, documents: .window(seconds: 60))
    try marks.key("named", seed: 5)
    try marks.write("texts", count: Self.texts, seed: 13, prompts: true)
    let base = ["--sae", "wide"] + marks.inBank
    let plan = try marks.run(
      ["plan", "--key", "asked.json", "--prompt", "Tell 3", "-o", "plan.json"] + base)
    #expect(plan.status == 0, "\(plan.error)")
    #expect(try marks.mark("texts", plan: "plan.json", to: "marked").status == 0)
    // Each document's own prompt: the third is the one that the plan was made for.
    let own = try marks.run(
      ["detect", "marked.safetensors", "--key", "asked.json", "--fail-on-flag", "--json"] + base)
    #expect(own.status == 1, "\(own.error)")
    let results = try #require(try JSONValue.parse(text: own.output)["results"]?.asArray)
    #expect(results.count == Self.texts && flagged([results[3]]) == 1)
    #expect(flagged(results) <= 4)
    #expect(results[3]["prompt"]?.asString == "Tell 3" && results[3]["pieces"] == nil)
    #expect(results[3]["verdict"]?["identifier"]?["scheme"]?.asString == "prompt")
    // Codes of the rows say the same.
    let codes = try marks.sandbox.run([
      "encode", "--sae", "wide", "--activations", "marked.safetensors", "--output",
      "codes.safetensors",
    ])
    #expect(codes.status == 0, "\(codes.error)")
    try marks.folder.write(
      try marks.folder.bytes("marked.documents.jsonl"), to: "codes.documents.jsonl")
    let coded = try marks.run(
      ["detect", "codes.safetensors", "--codes", "--key", "asked.json", "--json"] + marks.inBank)
    #expect(
      coded.output == own.output.replacing("marked.safetensors", with: "codes.safetensors"),
      "\(coded.error)")
    // A range of times: the window is found, and all that were tried are counted.
    let timed = try marks.run(
      ["plan", "--key", "timed.json", "--time", "1000", "-o", "timed-plan.json"] + base)
    #expect(timed.status == 0, "\(timed.error)")
    #expect(try marks.mark("texts", plan: "timed-plan.json", to: "late").status == 0)
    let late = try marks.run(
      ["detect", "late.safetensors", "--key", "timed.json", "--time", "900..1140", "--json"] + base)
    let windows = try #require(try JSONValue.parse(text: late.output)["results"]?.asArray)
    for result in windows {
      #expect(result["verdict"]?["candidates"]?.asInt == 5)
      #expect(result["verdict"]?["identifier"]?["value"]?.asInt == 16)
    }
    #expect(flagged(windows) == Self.texts)
    // Nothing flagged is no failure.
    let none = try marks.run(
      ["detect", "texts.safetensors", "--key", "named.json", "--fail-on-flag", "--rate", "0.001"]
        + base)
    #expect(none.status == 0, "\(none.output)")
    let missing = try marks.run(["detect", "null.safetensors", "--key", "asked.json"] + base)
    #expect(
      missing.status == 3
        && missing.error.contains("null.documents.jsonl:1: key 'asked' tells documents apart by"),
      "\(missing.error)")
    for path in ["named.json", "bank/bank.json", "texts.documents.jsonl"] {
      let over = try marks.run(
        ["detect", "texts.safetensors", "--key", "named.json", "-o", path] + base)
      #expect(over.status == 3 && over.error.contains("is a file being read"), "\(over.error)")
    }
    let twice = try marks.run(
      ["detect", "texts.safetensors", "--key", "named.json", "--key", "named.json"] + base)
    #expect(twice.status == 3 && twice.error.contains("expected each key once"))
  }

  @Test func banksWithoutNullsAndOtherDictionaries() throws {
    let marks = try MarkSandbox()
    try marks.key("named", seed: 5)
    try marks.write("texts", count: 4, seed: 13)
    let detect = ["detect", "texts.safetensors", "--key", "named.json"] + marks.inBank
    let bare = try marks.run(detect + ["--sae", "wide"])
    #expect(bare.status == 3 && bare.error.contains("has no null scores"), "\(bare.error)")
    let few = try marks.run(
      ["calibrate", "texts.safetensors", "--sae", "wide", "-o", "few"] + marks.inBank)
    #expect(few.status == 0, "\(few.error)")
    let short = try marks.run(
      ["detect", "texts.safetensors", "--key", "named.json", "--bank", "few", "--sae", "wide"])
    #expect(short.status == 3 && short.error.contains("4 null documents"), "\(short.error)")
    let other = try marks.run(detect + ["--sae", "sae"])
    #expect(other.status == 3, "\(other.error)")
    let weights = marks.folder.file("wide/sae_weights.safetensors")
    var bytes = try marks.folder.bytes("wide/sae_weights.safetensors")
    for place in 1...MarkSandbox.width { bytes[bytes.count - 4 * place] ^= 1 }
    try Data(bytes).write(to: URL(fileURLWithPath: weights))
    let changed = try marks.run(detect + ["--sae", "wide"])
    #expect(changed.status == 3 && changed.error.contains("fingerprint"), "\(changed.error)")
  }

  @Test func replay() throws {
    let marks = try MarkSandbox()
    var generator = SplitMix64(seed: 7)
    func line(_ id: String, _ role: String, _ z: Double, _ more: String = "") -> String {
      "{\"id\":\"\(id)\",\"role\":\"\(role)\",\"z\":{\"kgw\":0.5}\(more),\"replay\":{\"key\":\"a\","
        + "\"strength\":1,\"tokens\":40,\"innovation\":\(z * 2),\"variance\":4,\"log_ratio\":0.25}}\n"
    }
    var nulls = (0..<500).map {
      line("n\($0)", "unmarked", Double(generator.normal()), ",\"split\":\"null\"")
    }.joined()
    nulls += line("m", "marked", 9) + line("t", "unmarked", 9, ",\"split\":\"test\"")
    nulls += "{\"id\":\"plain\",\"role\":\"unmarked\"}\n"
    try marks.folder.write(nulls, to: "null.jsonl")
    let calibrated = try marks.run(
      ["calibrate", "null.jsonl", "--replay", "-o", "out", "--json"] + marks.inBank)
    #expect(calibrated.status == 0, "\(calibrated.error)")
    let summary = try JSONValue.parse(text: calibrated.output)
    #expect(summary["texts"]?.asInt == 500 && summary["other_texts"]?.asInt == 2)
    #expect(summary["skipped_texts"]?.asInt == 1)
    try marks.folder.write(
      line("x", "marked", 6, ",\"log_ratios\":[-1,2,3,-4]")
        + line("y", "unmarked", 0).replacing("\"key\":\"a\",", with: "")
        + "{\"id\":\"plain\"}\n",
      to: "texts.jsonl")
    let result = try marks.run(
      ["detect", "texts.jsonl", "--replay", "--bank", "out", "-o", "v.jsonl", "--fail-on-flag"])
    #expect(result.status == 1, "\(result.error)")
    #expect(result.output.contains("1 text without 'replay' left out"))
    let found = try lines(marks.folder, "v.jsonl")
    #expect(found.map { $0["verdict"]?["flagged"]?.asBool } == [true, false])
    #expect(found[0]["verdict"]?["p"]?.asDouble == 1.0 / 501)
    #expect(found[0]["z"]?["kgw"]?.asDouble == 0.5 && found[0]["z"]?["replay"]?.asDouble == 6)
    #expect(found[0]["tokens"]?.asInt == 40)
    #expect(found.map { $0["verdict"]?["key"]?.asString } == ["a", "plan"])
    let span = found[0]["verdict"]?["span"]
    #expect(span?["tokens"]?.asArray == [.integer(1), .integer(3)])
    #expect(span?["evidence"]?.asDouble == 5)
    let bare = try marks.run(["detect", "texts.jsonl", "--replay"] + marks.inBank)
    #expect(bare.status == 3 && bare.error.contains("has no null values of replay"))
    for (member, bad) in [
      ("variance\":4", "variance\":-4"), ("tokens\":40", "tokens\":4.5"),
      ("key\":\"a", "key\":\"a b"),
      ("innovation\":12.0", "innovation\":null"),
    ] {
      let text = line("x", "marked", 6)
      try marks.folder.write(text.replacing(member, with: bad), to: "bad.jsonl")
      #expect(text.contains(member))
      let refused = try marks.run(["detect", "bad.jsonl", "--replay", "--bank", "out"])
      let field = "replay." + member.prefix { $0 != "\"" }
      #expect(
        refused.status == 3 && refused.error.contains("bad.jsonl:1")
          && refused.error.contains(field), "\(refused.error)")
    }
  }
}
