import Detector
import Formats
import Foundation
import SAE
import Steering
import TestSupport
import Testing

/// Null documents and a fitted detector for `steerctl calibrate` to work on.
private struct Nulls {
  let sandbox: Sandbox
  /// Rows of each document: short ones and long ones.
  static let lengths = (0..<240).map { $0 % 2 == 0 ? 3 + $0 % 5 : 40 + $0 % 7 }

  init() throws {
    sandbox = try Sandbox()
    try write("null", seed: 3)
    let dictionary = try SparseDictionary.open(sandbox.folder.file("sae"))
    func structure(_ name: String, _ feature: Int, _ pooling: Pooling) -> Structure {
      Structure(
        name: name, readout: .linear(LinearReadout(terms: [.init(feature: feature)])),
        pooling: pooling)
    }
    let selected = try DocumentReader(
      sandbox.folder.file("null.safetensors"), source: .rows(dictionary), masking: Masking()
    ).next()
    try FittedDetector(
      name: "toy", kind: .bank, dictionary: try .init(of: dictionary, features: [1, 4]),
      masking: Masking(skipsSpecial: true, sinkNorm: 30),
      structures: [structure("loud", 1, .maximum), structure("often", 4, .mean)],
      selection: SplitRecord([DocumentIdentity(bits: 1)])
    ).write(to: sandbox.folder.file("fitted.json"))
    // One that was fitted on a document of the shard.
    var other = try FittedDetector(path: sandbox.folder.file("fitted.json"))
    other.selection = SplitRecord([try #require(selected).identity])
    try other.write(to: sandbox.folder.file("overlapping.json"))
  }

  /// Writes a shard of small binary fractions, so that every kernel gives the same bits.
  func write(_ name: String, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let count = Self.lengths.reduce(0, +)
    let values = (0..<(4 * count)).map { _ in Float(Int(generator.next() % 33) - 16) / 8 }
    try writeSafetensors(
      sandbox.folder.file(name + ".safetensors"),
      [
        TestTensor("activations", [count, 4], values),
        TestTensor(
          "documents",
          Self.lengths.enumerated().flatMap { place, length in
            Array(repeating: Int32(truncatingIfNeeded: place), count: length)
          }),
      ])
  }

  func run(_ arguments: [String]) throws -> Tool.Result {
    try sandbox.run(["calibrate"] + arguments)
  }

  /// Arguments that every run needs.
  var inputs: [String] {
    [
      "null.safetensors", "--detector", "fitted.json", "--sae", "sae", "--minimum", "80",
      "--block", "4",
    ]
  }
}

@Suite struct CalibrateTests {
  @Test func calibratesAndShows() throws {
    let nulls = try Nulls()
    for json in [false, true] {
      let result = try nulls.run(nulls.inputs + ["-o", "out.json"] + (json ? ["--json"] : []))
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      try nulls.sandbox.snapshot(result.output, json ? "calibrate.json" : "calibrate.txt")
      if json { _ = try JSONSerialization.jsonObject(with: result.data) }
    }
    let detector = try FittedDetector(path: nulls.sandbox.folder.file("out.json"))
    let calibration = try #require(detector.calibration)
    #expect(calibration.record.identities.count == 240)
    #expect(calibration.buckets.count == 2)
    #expect(calibration.buckets.map { $0.nulls[0].count }.reduce(0, +) == 240)
    #expect(calibration.buckets[0].lengths.lowerBound == 3)
    #expect(calibration.sequential?.blockLength == 4)
    let schema = SchemaCheck(
      root: try JSONValue.read(path: Tool.checkout + "/docs/schemas/detector.schema.json"))
    #expect(schema.complaints(about: detector.jsonValue) == [])
  }

  @Test func codesAndOrderAndThreadsChangeNothing() throws {
    let nulls = try Nulls()
    let folder = nulls.sandbox.folder
    try nulls.write("more", seed: 4)
    let rest = Array(nulls.inputs.dropFirst())
    for name in ["null", "more"] {
      let encoded = try nulls.sandbox.run([
        "encode", "--sae", "sae", "--activations", name + ".safetensors", "--output",
        name + "-codes.safetensors",
      ])
      #expect(encoded.status == 0, "\(encoded.error)")
    }
    let withoutDictionary = rest.filter { $0 != "--sae" && $0 != "sae" }
    let runs = [
      ["null.safetensors", "more.safetensors"] + rest,
      ["more.safetensors", "null.safetensors"] + rest + ["--threads", "2"],
      ["null-codes.safetensors", "more-codes.safetensors", "--codes"] + withoutDictionary,
    ]
    var texts: [[UInt8]] = []
    for arguments in runs {
      let result = try nulls.run(arguments + ["-o", "out.json"])
      #expect(result.status == 0, "\(result.error)")
      texts.append(try folder.bytes("out.json"))
    }
    #expect(texts[1] == texts[0] && texts[2] == texts[0])
    #expect(!texts[0].isEmpty)
  }

  @Test func documentsOfTheSelectionAreRefused() throws {
    let nulls = try Nulls()
    var arguments = nulls.inputs
    arguments[2] = "overlapping.json"
    let result = try nulls.run(arguments + ["-o", "out.json"])
    #expect(result.status == 3)
    #expect(
      result.error
        == "steerctl: error: null.safetensors: document 'null#0' is in the selection and in the calibration,"
        + " expected separate documents\n")
    #expect(!FileManager.default.fileExists(atPath: nulls.sandbox.folder.file("out.json")))
    let twice = try nulls.run(["null.safetensors"] + nulls.inputs)
    #expect(twice.status == 3 && twice.error.contains("'null#0' is twice in the calibration"))
  }

  @Test func otherDictionariesAndTooFewDocumentsAreRefused() throws {
    let nulls = try Nulls()
    let few = try nulls.run(
      nulls.inputs.map { $0 == "80" ? "400" : $0 } + ["-o", "out.json"])
    #expect(few.status == 3 && few.error.contains("240 null documents"))
    #expect(few.error.contains("at least 400"))
    let weights = nulls.sandbox.folder.file("sae/sae_weights.safetensors")
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: weights)))
    // The lowest bits of all thresholds.
    for place in 1...6 { bytes[bytes.count - 4 * place] ^= 1 }
    try Data(bytes).write(to: URL(fileURLWithPath: weights))
    let other = try nulls.run(nulls.inputs)
    #expect(other.status == 3 && other.error.contains("fingerprint"), "\(other.error)")
  }

  @Test(arguments: [
    (["--rates", "0"], "--rates has 0.0"), (["--rates", "0.1", "0.1"], "--rates has a rate twice"),
    (["--block", "0"], "--block is 0"), (["--buckets", "65"], "--buckets is 65"),
    (["--without-norms"], "--without-norms needs --codes"),
    (["--rates"] + (1...65).map { "0.\(100 + $0)" }, "--rates has 65 rates"),
    (["--block", "1048577"], "--block is 1048577"),
    (["--json", "--output", "-"], "both want standard output"),
    (["--codes"], "--codes need no dictionary"), (["--threads", "0"], "--threads is 0"),
  ])
  func usage(_ arguments: [String], _ message: String) throws {
    let sandbox = try Sandbox()
    let result = try sandbox.run(
      ["calibrate", "a.safetensors", "--detector", "d.json", "--sae", "sae"] + arguments)
    #expect(result.status == 2 && result.error.contains(message), "\(result.error)")
  }
}
