import Formats
import Steering
import TestSupport
import Tensors
import Testing
import Watermark

@Suite struct BankNullsTests {
  /// What is said of a bank of 2 entries whose null scores are these tensors, under the right digest.
  private static func message(
    _ tensors: [TestTensor], metadata change: [String: String] = [:]
  ) throws -> String? {
    let folder = try TemporaryFolder()
    let bank = try TestBank.bare(2)
    try bank.write(to: folder.file("bank"))
    var metadata = [
      "format": "steering-watermark-nulls/1", "fingerprint": bank.fingerprint,
      "block_length": "2",
    ]
    metadata.merge(change) { $1 }
    let path = folder.file("bank/null.safetensors")
    let writer = try SafetensorsWriter(
      path: path,
      entries: tensors.map {
        SafetensorsWriter.Entry($0.name, $0.elementType, shape: $0.shape)
      }, metadata: metadata.map { ($0.key, $0.value) })
    for (index, tensor) in tensors.enumerated() {
      try writer.append(tensor.bytes.span.bytes, to: index)
    }
    try writer.finish()
    let bytes = try folder.bytes("bank/null.safetensors")
    var digest = Digest()
    digest.update(raw: bytes.span.bytes)
    let text = String(decoding: try folder.bytes("bank/bank.json"), as: UTF8.self)
    let null =
      "\"null\": {\"file\": \"null.safetensors\", \"sha256\": \"\(Hexadecimal.text(digest.finish()))\"}"
    let end = try #require(text.lastIndex(of: "}"))
    try folder.write(text[..<end] + ", " + null + "}", to: "bank/bank.json")
    let error = refusal { () throws(SteeringError) in
      try WatermarkBank(path: folder.file("bank"))
    }
    guard let error else { return nil }
    #expect(error.code == .malformedFile)
    #expect(error.message.hasPrefix("\(path): "))
    return String(error.message.dropFirst(path.utf8.count + 2))
  }

  private static let whole = [
    TestTensor(i64: "tokens", [2], [2, 3]), TestTensor(i64: "identities", [2], [4, -4]),
    TestTensor("scores", [2, 2], [1, 2, 3, 5]), TestTensor(i64: "block_counts", [2], [1, 0]),
    TestTensor("blocks", [1, 2], [7, 8]),
  ]

  private static func changed(_ name: String, _ tensor: TestTensor?) -> [TestTensor] {
    whole.filter { $0.name != name } + (tensor.map { [$0] } ?? [])
  }

  @Test func everyBadTensorIsNamed() throws {
    #expect(try Self.message(Self.whole) == nil)
    for name in Self.whole.map(\.name) {
      #expect(
        try Self.message(Self.changed(name, nil))
          == "tensor '\(name)' is missing, expected all of tokens, identities, scores,"
          + " block_counts, blocks")
    }
    let cases: [(String, TestTensor, String)] = [
      ("tokens", TestTensor("tokens", [2, 3]), "tensor 'tokens' holds I32, expected I64"),
      (
        "tokens", TestTensor(i64: "tokens", [2, 1], [2, 3]),
        "tensor 'tokens' has shape [2, 1], expected [values]"
      ),
      (
        "tokens", TestTensor(i64: "tokens", [2], [0, 3]),
        "'tokens[0]' is 0, expected 1 to 2147483647"
      ),
      (
        "scores", TestTensor("scores", [4, 1], [1, 2, 3, 5]),
        "tensor 'scores' has shape [4, 1], expected [rows, 2], one column per entry"
      ),
      (
        "identities", TestTensor(i64: "identities", [2], [-4, 4]),
        "'identities[1]' does not ascend, expected distinct documents in order"
      ),
      (
        "more", TestTensor("more", [1]),
        "unknown tensor 'more', accepted: tokens, identities, scores, block_counts, blocks,"
          + " replay_tokens, replay_z"
      ),
    ]
    for (name, tensor, expected) in cases {
      #expect(try Self.message(Self.changed(name, tensor)) == expected)
    }
    #expect(
      try Self.message(Self.whole + [TestTensor(i64: "replay_tokens", [1], [4])])
        == "tensor 'replay_z' is missing, expected all of replay_tokens, replay_z")
    let replay = [
      TestTensor(i64: "replay_tokens", [2], [4, 4]), TestTensor("replay_z", [2], [0.5, 1]),
    ]
    func strength(_ text: String?) throws -> String? {
      var metadata = ["replay_minimum_per_bucket": "2", "replay_maximum_buckets": "1"]
      metadata["replay_strength"] = text
      return try Self.message(replay, metadata: metadata)
    }
    for text in ["1", "0.25", "2.5e-1"] { #expect(try strength(text) == nil) }
    for text in [nil, "0", "-1", "nan", "inf", "1e999", "0x1", "one", ""] {
      #expect(
        try strength(text)
          == "metadata 'replay_strength' is \(text ?? "missing"), expected a finite number above 0")
    }
    #expect(
      try Self.message(Self.whole, metadata: ["block_length": "0"])
        == "metadata 'block_length' is 0, expected 1 to 1048576")
    #expect(
      try Self.message(Self.whole, metadata: ["format": "x"])
        == "metadata 'format' is x, expected steering-watermark-nulls/1")
  }
}
