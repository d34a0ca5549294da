import Detector
import Foundation
import SAE
import Steering
import TestSupport
import Watermark

/// A dictionary, a bank and shards for `steerctl watermark` to work on.
///
/// Feature i reads column i plus 8, so that it is always active and can be moved both ways; entry i of the
/// bank steers and reads feature i.
struct MarkSandbox {
  static let width = 128
  static let count = 5
  static let nullCount = 600
  static let texts = 12
  let sandbox: Sandbox
  let bank: WatermarkBank

  var folder: TemporaryFolder { sandbox.folder }

  init() throws {
    sandbox = try Sandbox()
    let width = Self.width
    try FileManager.default.createDirectory(
      atPath: sandbox.folder.file("wide"), withIntermediateDirectories: true)
    try sandbox.folder.write(
      """
      {"architecture": "jumprelu", "d_in": \(width), "d_sae": \(width), "dtype": "float32",
       "device": "cpu", "apply_b_dec_to_input": false, "normalize_activations": "none",
       "reshape_activations": "none",
       "metadata": {"sae_lens_version": "6.0.0", "model_name": "toy",
        "hook_name": "blocks.1.hook_resid_post", "exclude_special_tokens": true}}
      """, to: "wide/cfg.json")
    let identity = (0..<width * width).map { Float($0 / width == $0 % width ? 1 : 0) }
    try writeSafetensors(
      sandbox.folder.file("wide/sae_weights.safetensors"),
      [
        TestTensor("W_enc", [width, width], identity),
        TestTensor("W_dec", [width, width], identity),
        TestTensor("b_enc", [width], [Float](repeating: 8, count: width)),
        TestTensor("b_dec", [width], [Float](repeating: 0, count: width)),
        TestTensor("threshold", [width], [Float](repeating: 0, count: width)),
      ])
    let dictionary = try SparseDictionary.open(sandbox.folder.file("wide"))
    let unbound = try Self.bank(dictionary, alpha: 1)
    try unbound.write(to: sandbox.folder.file("unbound"))
    bank = try unbound.bound(to: dictionary)
    try bank.write(to: sandbox.folder.file("bank"))
    try Self.bank(dictionary, alpha: 2).bound(to: dictionary)
      .write(to: sandbox.folder.file("other-bank"))
  }

  private static func bank(
    _ dictionary: SparseDictionary, alpha: Double
  ) throws -> WatermarkBank {
    try WatermarkBank(
      detector: FittedDetector(
        name: "toy", kind: .bank,
        dictionary: try .init(of: dictionary, features: Array(0..<width)), masking: Masking(),
        structures: (0..<width).map {
          Structure(
            name: "structure-\($0)", readout: .linear(LinearReadout(terms: [.init(feature: $0)])),
            pooling: .mean)
        }, selection: SplitRecord([DocumentIdentity(bits: 1)])),
      entries: (0..<width).map { .init(feature: $0, alpha: alpha) }, defaultCount: count)
  }

  /// Writes a shard of unmarked documents, each with a first row that is special and 9 to 12 others.
  func write(_ name: String, count: Int, seed: UInt64, prompts: Bool = false) throws {
    var generator = SplitMix64(seed: seed)
    var values: [Float] = []
    var documents: [Int32] = []
    var positions: [Int32] = []
    var lines = ""
    for number in 0..<count {
      let length = 10 + number % 4
      values += generator.normals(length * Self.width)
      documents += Array(repeating: Int32(number), count: length)
      positions += (0..<Int32(length))
      let pieces = (0..<length).map {
        // The first tells documents apart: equal texts would be one document.
        $0 == 0 ? "\"\(name)-\(number) \"" : "\"w\($0) \""
      }.joined(separator: ",")
      lines +=
        "{\"document\":\(number),\"id\":\"\(name)-\(number)\",\"pieces\":[\(pieces)]"
        + (prompts ? ",\"prompt\":\"Tell \(number)\"" : "") + "}\n"
    }
    try writeSafetensors(
      folder.file(name + ".safetensors"),
      [
        TestTensor("activations", [documents.count, Self.width], values),
        TestTensor("documents", documents), TestTensor("positions", positions),
        TestTensor("special", positions.map { $0 == 0 ? 1 : 0 }),
      ])
    try folder.write(lines, to: name + ".documents.jsonl")
  }

  /// Gives the bank the scores of unmarked documents.
  func calibrate() throws -> Tool.Result {
    try write("null", count: Self.nullCount, seed: 11)
    return try run(["calibrate", "null.safetensors", "--sae", "wide", "--block", "4"] + inBank)
  }

  /// A key whose secret is known, so that results do not change from run to run.
  @discardableResult
  func key(
    _ id: String, seed: UInt64, documents: DocumentScheme = .given, retired: Int? = nil
  ) throws -> WatermarkKey {
    var generator = SplitMix64(seed: seed)
    let secret = (0..<Secret.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let key = try WatermarkKey(
      id: id, created: 1_700_000_000, retired: retired, follows: nil, bank: bank.fingerprint,
      count: Self.count, documents: documents, secret: Secret(secret))
    try key.write(to: folder.file("\(id).json"))
    return key
  }

  /// Marks a shard with a plan, and gives the copy the documents of the shard.
  func mark(_ name: String, plan: String, to marked: String) throws -> Tool.Result {
    let result = try sandbox.run([
      "apply", "--sae", "wide", "--activations", "\(name).safetensors", "--plan", plan,
      "--prompt-length", "1", "--output", "\(marked).safetensors",
    ])
    try folder.write(
      try folder.bytes("\(name).documents.jsonl"), to: "\(marked).documents.jsonl")
    return result
  }

  /// Arguments that name the bank.
  var inBank: [String] { ["--bank", "bank"] }

  func run(_ arguments: [String]) throws -> Tool.Result {
    try sandbox.run(["watermark"] + arguments)
  }
}
