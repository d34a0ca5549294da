import Detector
import Formats
import Foundation
import SAE
import Steering
import Testing

@Suite struct EvaluateTests {
  private func calibrated() throws -> LabelledShards {
    let shards = try LabelledShards()
    try shards.fit("bank")
    try shards.fit("dense")
    let fitted = try shards.detector("bank")
    let calibrator = try Calibrator(fitted, options: CalibrationOptions(minimumPerBucket: 100))
    let reader = try DocumentReader(
      shards.sandbox.folder.file("null.safetensors"),
      source: .rows(try SparseDictionary.open(shards.sandbox.folder.file("sae"))),
      masking: fitted.masking)
    while let document = try reader.next() { try calibrator.add(document) }
    try calibrator.finish().write(to: shards.sandbox.folder.file("calibrated.json"))
    return shards
  }

  @Test func judgesAndShows() throws {
    let shards = try calibrated()
    let schema = SchemaCheck(
      root: try JSONValue.read(path: Tool.checkout + "/docs/schemas/evaluation.schema.json"))
    let held = ["pairs.safetensors", "--split", "held-out"]
    let runs = [
      ("evaluate-pairs", held + ["--detector", "bank.json"]),
      ("evaluate-baseline", held + ["--detector", "bank.json", "--baseline", "dense.json"]),
      ("evaluate-ordinary", ["ordinary.safetensors", "--detector", "calibrated.json"]),
    ]
    for (name, arguments) in runs {
      for json in [false, true] {
        let result = try shards.run(
          ["evaluate"] + arguments + ["--sae", "sae"] + (json ? ["--json"] : []))
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.isEmpty)
        try shards.sandbox.snapshot(result.output, name + (json ? ".json" : ".txt"))
        if json {
          #expect(schema.complaints(about: try JSONValue.parse(text: result.output)) == [])
        }
      }
    }
  }

  /// Areas and rates are what counting by hand gives, from verdicts of the library.
  @Test func figuresAreTheLibrarys() throws {
    let shards = try calibrated()
    let result = try shards.run([
      "evaluate", "ordinary.safetensors", "--detector", "calibrated.json", "--sae", "sae", "--json",
    ])
    let value = try JSONValue.parse(text: result.output)
    #expect(value["documents"]?.asInt == 200)
    let rates = try #require(value["structures"]?.asArray?[0]["flagged"]?["unlabelled"]?.asArray)
    #expect(rates.count == 3)
    #expect(rates[0]["flagged"]?["of"]?.asInt == 200)
    #expect(rates[0]["holds_nominal"]?.asBool == true)
  }

  @Test func csvHasOneLinePerStructure() throws {
    let shards = try calibrated()
    let result = try shards.run([
      "evaluate", "pairs.safetensors", "--split", "held-out", "--detector", "bank.json", "--sae",
      "sae", "--baseline", "dense.json", "--csv", "-",
    ])
    #expect(result.status == 0, "\(result.error)")
    let lines = result.output.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    try #require(lines.count == 2)
    #expect(lines[0].count == lines[1].count)
    #expect(lines[0][0] == "structure" && lines[1][0] == "loud")
    #expect(lines[1][1] == "25" && lines[1][2] == "25")
  }

  @Test func documentsOfOtherSplitsAreRefused() throws {
    let shards = try calibrated()
    func error(_ arguments: [String]) throws -> String {
      let result = try shards.run(["evaluate"] + arguments + ["--sae", "sae"])
      #expect(result.status == 3)
      #expect(result.output.isEmpty)
      return result.error
    }
    #expect(
      try error(["pairs.safetensors", "--detector", "bank.json"]).contains(
        "document 'pair-0-with' is in the selection and in the evaluation"))
    #expect(
      try error(["null.safetensors", "--detector", "calibrated.json"]).contains(
        "document 'null-0' is in the calibration and in the evaluation"))
    #expect(
      try error(["ordinary.safetensors", "ordinary.safetensors", "--detector", "calibrated.json"])
        .contains("document 'ordinary-0' is twice in the evaluation"))
    #expect(
      try error(["pairs.safetensors", "--split", "nothing", "--detector", "bank.json"]).contains(
        "0 documents with kept tokens, expected at least 1"))
  }

  @Test func usageIsChecked() throws {
    let shards = try LabelledShards()
    for (arguments, message) in [
      (["--without-norms"], "--without-norms needs --codes"),
      (["--json", "--csv", "-"], "--json and --csv - both want standard output"),
      (["--threads", "0"], "--threads is 0, expected 1 to 1,024"),
    ] {
      let result = try shards.run(
        ["evaluate", "ordinary.safetensors", "--detector", "x.json"] + arguments)
      #expect(result.status == 2)
      #expect(result.error.contains(message), "\(result.error)")
    }
  }
}
