import Foundation
import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// The native form is read strictly.
@Suite struct NativeImporterTests {
  /// A written dictionary, to be damaged.
  private struct Written {
    let folder: TemporaryFolder
    let path: String
    let dictionary: SparseDictionary

    init(_ activation: ActivationFunction = .topK(k: 2)) throws {
      folder = try TemporaryFolder()
      path = folder.file("copy")
      let random = RandomDictionary(featureCount: 6, width: 4, seed: 8)
      dictionary = try SparseDictionary(random.parts(activation))
      _ = try DictionaryExport.native(dictionary, to: path)
    }

    /// Rewrites the document with `change` made to its members.
    func edit(_ change: (inout [JSONValue.Member]) -> Void) throws {
      let document = try JSONValue.read(path: path + "/dictionary.json")
      var members = try #require(document.asObject)
      change(&members)
      try folder.write(JSONValue.object(members).serialised(), to: "copy/dictionary.json")
    }

    func failure(_ options: ImportOptions = ImportOptions()) -> ImportError? {
      importFailure(path, options)
    }
  }

  @Test func theFilesAreRecognised() throws {
    let written = try Written()
    #expect(try DictionaryImporter.format(of: written.path) == .native)
    let copy = try DictionaryImporter.open(written.path)
    #expect(
      copy.files == [written.path + "/dictionary.json", written.path + "/weights.safetensors"])
    let named = try DictionaryImporter.open(written.path + "/dictionary.json")
    #expect(try named.difference(from: copy) == nil)
  }

  @Test(arguments: NativeForm.keys)
  func everyKeyIsNeeded(_ key: String) throws {
    let written = try Written()
    try written.edit { $0.removeAll { $0.key == key } }
    let failure = written.failure()
    guard case .missingKey(key, _) = failure?.reason else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(failure?.path == written.path + "/dictionary.json")
  }

  @Test func anUnknownKeyIsRefusedUnlessIgnored() throws {
    let written = try Written()
    try written.edit { $0.append(.init("colour", "red")) }
    #expect(written.failure()?.reason == .unknownKey(key: "colour", accepted: NativeForm.keys))
    var options = ImportOptions()
    options.ignoredConfigKeys = ["colour"]
    #expect(written.failure(options) == nil)
  }

  static let wrong: [(key: String, value: JSONValue)] = [
    ("format", "other"), ("version", 2), ("name", .null), ("kind", "encoder"),
    ("feature_count", 0), ("model_width", "4"), ("output_width", -4), ("activation", "topK"),
    ("activation", ["function": "swish"]), ("activation", ["function": "topK", "k": 0]),
    ("normalisation", ["method": "batch"]), ("output_scale", ["method": "half"]),
    ("normalisation", ["method": "constant-factor", "factor": "2"]),
    ("subtracts_decoder_bias", .null), ("decoder_norm_role", "some"), ("prefixes", 3),
    ("prefixes", ["a"]), ("flattens_heads", 0), ("excludes_special_tokens", "no"),
    ("input", .null), ("encoder", ["storage": "sparse"]), ("decoder", ["storage": "tied"]),
    ("decoder", ["storage": "expander", "degree": 0]), ("has_skip", 1), ("tensors", []),
    ("tensors", ["decoder": ["sha256": "12"]]), ("ledger", "none"), ("ledger", [3]),
    (
      "ledger",
      [["subject": "a", "statement": "b", "source": ["kind": "guess"]]]
    ),
  ]

  @Test(arguments: wrong.indices)
  func wrongValuesAreNamed(_ index: Int) throws {
    let (key, value) = Self.wrong[index]
    let written = try Written()
    try written.edit { members in
      for place in members.indices where members[place].key == key { members[place].value = value }
    }
    let failure = written.failure()
    guard case .value(let found, _, _) = failure?.reason else {
      Issue.record("\(key): \(String(describing: failure))")
      return
    }
    #expect(found.hasPrefix(key))
    #expect(failure?.path == written.path + "/dictionary.json")
  }

  @Test func fieldsOfAnotherActivationAreRefused() throws {
    let written = try Written()
    try written.edit { members in
      for place in members.indices where members[place].key == "activation" {
        members[place].value = ["function": "relu", "k": 2]
      }
    }
    #expect(
      written.failure()?.reason == .unknownKey(key: "activation.k", accepted: ["function"]))
  }

  @Test func arraysAreThoseOfTheDocument() throws {
    let written = try Written()
    // The file has no threshold, which jumpReLU needs.
    try written.edit { members in
      for place in members.indices where members[place].key == "activation" {
        members[place].value = ["function": "jumpReLU"]
      }
    }
    guard case .missingTensor("threshold", _, "jumpReLU") = written.failure()?.reason else {
      Issue.record("\(String(describing: written.failure()))")
      return
    }
    let other = try Written()
    try other.edit { members in
      for place in members.indices where members[place].key == "encoder" {
        members[place].value = ["storage": "tied"]
      }
    }
    guard case .unexpectedTensor("encoder", _, "topK") = other.failure()?.reason else {
      Issue.record("\(String(describing: other.failure()))")
      return
    }
  }

  @Test func sizesAreThoseOfTheDocument() throws {
    let written = try Written()
    try written.edit { members in
      for place in members.indices where members[place].key == "model_width" {
        members[place].value = 5
      }
    }
    guard case .shape("encoder", [6, 4], [6, 5], _) = written.failure()?.reason else {
      Issue.record("\(String(describing: written.failure()))")
      return
    }
  }

  @Test func digestsAreComparedOnDemand() throws {
    let written = try Written()
    let name = "copy/weights.safetensors"
    var bytes = try written.folder.bytes(name)
    // The last byte is the sign and exponent of the last number: still finite.
    bytes[bytes.count - 1] ^= 0x80
    try Data(bytes).write(to: URL(fileURLWithPath: written.folder.file(name)))
    #expect(written.failure() == nil, "only a whole check reads everything")
    var options = ImportOptions()
    options.weightCheck = .whole
    guard case .value(let key, let found, let expected) = written.failure(options)?.reason else {
      Issue.record("\(String(describing: written.failure(options)))")
      return
    }
    #expect(key.hasPrefix("SHA-256 of tensor '"))
    #expect(found != expected && found.count == 64 && expected.count == 64)
  }

  /// Other programs hash the bytes that safetensors stores.
  @Test func digestsAreThoseOfTheBytes() throws {
    let written = try Written()
    let document = try JSONValue.read(path: written.path + "/dictionary.json")
    let values = try readFloats(written.path + "/weights.safetensors", "decoder_bias")
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    let scratch = written.folder.file("bytes")
    try Data(bytes).write(to: URL(fileURLWithPath: scratch))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    process.arguments = [scratch]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    process.waitUntilExit()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let digest = try #require(document["tensors"]?["decoder_bias"]?["sha256"]?.asString)
    #expect(text.hasPrefix(digest))
  }

  @Test func thresholdsAreNumbers() throws {
    let zeros = [Float](repeating: 0, count: 6)
    let sides = BiJumpReLU(
      positiveThreshold: zeros, negativeThreshold: Array(repeating: .infinity, count: 6),
      positiveGain: zeros, negativeGain: zeros, positiveOffset: zeros, negativeOffset: zeros)
    let written = try Written(.biJumpReLU(sides))
    #expect(try DictionaryImporter.open(written.path).activation == .biJumpReLU(sides))
  }

  @Test(arguments: [0, 1])
  func unusableOptionsAreRefused(_ index: Int) throws {
    var options = ImportOptions()
    if index == 0 { options.k = 3 } else { options.activationScale = .factor(2) }
    guard case .refused = try Written().failure(options)?.reason else {
      Issue.record("an option was ignored")
      return
    }
  }
}
