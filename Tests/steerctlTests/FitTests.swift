import Detector
import Formats
import Foundation
import Testing

@Suite struct FitTests {
  @Test(arguments: ["bank", "probe", "feature", "profile", "subspace", "dense"])
  func fitsAndShows(_ method: String) throws {
    let shards = try LabelledShards()
    for json in [false, true] {
      let result = try shards.fit(method, json ? ["--json"] : [])
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      try shards.sandbox.snapshot(result.output, "fit-\(method)" + (json ? ".json" : ".txt"))
    }
    let detector = try shards.detector(method)
    #expect(detector.kind.rawValue == method)
    #expect(detector.structures.map(\.name) == ["loud"])
    #expect(detector.selection.identities.count == 60, "held-out pairs take no part")
    #expect(detector.calibration == nil)
    #expect(detector.dictionary.fingerprint.count == 64)
  }

  /// Feature 1 reads column 1, feature 3 column 3.
  @Test func findsTheFeaturesThatTell() throws {
    let shards = try LabelledShards()
    #expect(try shards.fit("bank", ["--weights", "confidence", "--count", "2"]).status == 0)
    guard case .linear(let readout) = try shards.detector("bank").structures[0].readout else {
      Issue.record("a bank is linear")
      return
    }
    #expect(readout.terms.contains { $0.feature == 1 && $0.weight > 0.5 })
    #expect(readout.terms.contains { $0.feature == 3 && $0.weight < -0.5 })
  }

  /// Codes give the same detector as the rows that they are of, but for the rule for sinks.
  @Test func codesServeAsWell() throws {
    let shards = try LabelledShards()
    let encoded = try shards.run([
      "encode", "--activations", "pairs.safetensors", "--sae", "sae", "--output",
      "codes.safetensors",
    ])
    try #require(encoded.status == 0, "\(encoded.error)")
    try FileManager.default.copyItem(
      atPath: shards.sandbox.folder.file("pairs.documents.jsonl"),
      toPath: shards.sandbox.folder.file("codes.documents.jsonl"))
    let result = try shards.run([
      "fit", "bank", "codes.safetensors", "--codes", "--sae", "sae", "-o", "codes.json",
    ])
    try #require(result.status == 0, "\(result.error)")
    try shards.fit("bank")
    let (rows, codes) = (try shards.detector("bank"), try shards.detector("codes"))
    #expect(codes.structures == rows.structures)
    #expect(codes.dictionary == rows.dictionary)
    #expect(rows.masking.sinkNorm != nil)
    #expect(codes.masking.sinkNorm == nil)
  }

  @Test(arguments: [
    (["bank", "--split", "other"], 3, "0 documents of split 'other', expected at least 1"),
    (
      ["bank", "--split", "held-out", "--structure", "quiet"], 3,
      "0 contrast pairs of 'quiet', expected at least 20"
    ),
    (["subspace", "--count", "300"], 3, "'features' is 300, expected 1 to 6"),
    (["feature", "--feature", "6"], 3, "feature 6 does not exist, expected 0 to 5"),
    (["bank", "--feature", "1"], 2, "--feature goes with method feature, expected no bank"),
    (["dense", "--codes"], 2, "method dense reads rows, expected no --codes"),
    (["probe", "--regularisation", "0"], 2, "--regularisation is 0.0, expected above 0"),
    (["nothing"], 2, "bank"),
  ])
  func refusals(_ arguments: [String], _ status: Int32, _ message: String) throws {
    let shards = try LabelledShards()
    let result = try shards.run(
      ["fit", arguments[0], "pairs.safetensors", "--sae", "sae"] + arguments.dropFirst())
    #expect(result.status == status)
    #expect(result.error.contains(message), "\(result.error)")
    #expect(result.output.isEmpty)
  }
}
