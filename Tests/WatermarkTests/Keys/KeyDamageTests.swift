import Steering
import Tensors
import Testing
import Watermark

/// Whatever happened to a key's file is noticed, named, and said without quoting the secret.
@Suite struct KeyDamageTests {
  private static let secretText = Hexadecimal.text(Array(100..<132))

  private static func refusal(_ bytes: [UInt8]) -> SteeringError? {
    WatermarkTests.refusal { () throws(SteeringError) in
      try WatermarkKey.read(bytes, name: "k.json")
    }
  }

  private static func refusal(_ text: String) -> SteeringError? { refusal(Array(text.utf8)) }

  /// Nothing of the secret's digits, in runs of six.
  private static func isSilent(_ message: String) -> Bool {
    let digits = Array(secretText)
    return (0...digits.count - 6).allSatisfy {
      !message.contains(String(digits[$0..<$0 + 6]))
    }
  }

  private static func file() throws -> [UInt8] {
    try testKey(
      retired: 1_800_000_000, follows: "key-0", documents: .window(seconds: 86_400)
    ).json()
  }

  @Test func everyChangedByteIsNoticed() throws {
    let bytes = try Self.file()
    let blanks: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
    let others = (0..<8).map { UInt8(1) << $0 }
    let written = Array("\"\\{}[]:,09-.eEaFz \n".utf8) + [0, 0x7f, 0xc3, 0xff]
    for index in bytes.indices {
      for new in others.map({ bytes[index] ^ $0 }) + written where new != bytes[index] {
        // White space may stand for other white space.
        if blanks.contains(bytes[index]), blanks.contains(new) { continue }
        var damaged = bytes
        damaged[index] = new
        let error = Self.refusal(damaged)
        guard let error, error.code == .malformedFile, error.message.hasPrefix("key file k.json"),
          Self.isSilent(error.message)
        else {
          Issue.record("byte \(index) became \(new): \(error?.message ?? "accepted")")
          return
        }
      }
    }
  }

  @Test func everyShorterFileIsNoticed() throws {
    let bytes = try Self.file()
    // The last byte is the newline, which may be missing.
    for count in 0..<bytes.count - 1 {
      let error = Self.refusal(Array(bytes[..<count]))
      #expect(error?.code == .malformedFile)
      #expect(error?.message.hasSuffix("expected a whole key file") == true)
    }
    #expect(Self.refusal(Array(bytes.dropLast())) == nil)
  }

  @Test func everyOtherMemberIsChecked() throws {
    let text = String(decoding: try Self.file(), as: UTF8.self)
    let changes = [
      ("\"key-1\"", "\"key-2\""), ("1700000000", "1700000001"), ("1800000000", "1800000001"),
      ("\"key-0\"", "\"key-00\""), ("0f0f0f\"", "0f0f0e\""), ("\"count\": 3", "\"count\": 4"),
      ("86400", "86401"), ("\"window\",\n    \"seconds\": 86400", "\"prompt\""),
      ("  \"retired\": 1800000000,\n", ""), ("  \"follows\": \"key-0\",\n", ""),
      (Self.secretText, "00" + Self.secretText.dropFirst(2)),
    ]
    for (old, new) in changes {
      let changed = text.replacing(old, with: new)
      #expect(changed != text, "\(old)")
      #expect(
        Self.refusal(changed)?.message
          == "key file k.json is damaged or was changed: 'check' does not match its other members")
    }
  }

  @Test func fieldsAreNamed() throws {
    let text = String(decoding: try Self.file(), as: UTF8.self)
    let digits = "expected 64 lower-case hexadecimal digits"
    let accepted =
      "accepted: format, id, created, retired, follows, bank, count, documents, secret, check"
    let secret = "\"secret\": \"\(Self.secretText)\""
    let changes = [
      ("\"id\": \"key-1\"", "\"id\": 3", "field 'id' is an integer, expected a text"),
      (
        "\"created\": 1700000000", "\"created\": \"x\"",
        "field 'created' is a string, expected an integer"
      ),
      (
        "\"created\": 1700000000", "\"created\": -1",
        "field 'created' is -1, expected 0 to 253402300799"
      ),
      (
        "\"created\": 1700000000", "\"created\": 1700000000.0",
        "field 'created' is a number with a fraction or exponent, expected an integer"
      ),
      (
        "\"retired\": 1800000000", "\"retired\": null",
        "field 'retired' is null, expected an integer"
      ),
      (
        "\"follows\": \"key-0\"", "\"follows\": \"\"",
        "field 'follows' is no name of a key, expected 1 to 64 of A-Z a-z 0-9 . _ -"
      ),
      ("\"id\": \"key-1\",\n", "", "field 'id' is missing"),
      ("  \"created\": 1700000000,\n", "", "field 'created' is missing"),
      ("  \(secret),\n", "", "field 'secret' is missing"),
      (
        secret, "\"secret\": [\"\(Self.secretText)\"]",
        "field 'secret' is an array, expected a text"
      ),
      (
        secret, "\"secret\": \"\(Self.secretText.dropLast())\"",
        "field 'secret' has 63 characters, \(digits)"
      ),
      (
        secret, "\"secret\": \"\(Self.secretText.uppercased())\"",
        "field 'secret' has 64 characters, \(digits)"
      ),
      (
        secret, "\"secret\": \"\(Self.secretText.dropLast())é\"",
        "field 'secret' has 64 characters, \(digits)"
      ),
      ("\"check\": \"", "\"check\": \"0", "field 'check' has 65 characters, \(digits)"),
      ("0f0f0f\"", "0f0f0F\"", "field 'bank' has 64 characters, \(digits)"),
      ("\"count\": 3", "\"count\": 0", "field 'count' is 0, expected 1 to 1000000"),
      (
        "\"window\"", "\"weekly\"",
        "field 'documents.scheme' is another text, expected given, prompt, window or constant"
      ),
      (
        "\"window\"", "\"given\"",
        "field 'documents.seconds' is there, expected it with the scheme window only"
      ),
      (",\n    \"seconds\": 86400", "", "field 'documents.seconds' is missing"),
      ("86400", "0", "field 'documents.seconds' is 0, expected 1 to 1000000000"),
      ("\"seconds\"", "\"hours\"", "unknown field 'documents.hours', accepted: scheme, seconds"),
      ("\"id\"", "\"name\"", "unknown field 'name', \(accepted)"),
      (secret, "\"\(Self.secretText)\": \"secret\"", "unknown field, \(accepted)"),
      (
        "steering-watermark-key/1", "steering-watermark-key/2",
        "field 'format' is another text, expected 'steering-watermark-key/1'"
      ),
    ]
    for (old, new, message) in changes {
      let changed = text.replacing(old, with: new)
      #expect(changed != text, "\(old)")
      let error = Self.refusal(changed)
      #expect(error?.code == .malformedFile)
      #expect(error?.message == "key file k.json: \(message)")
    }
    for text in ["[]", "3", "null", "\"\(Self.secretText)\""] {
      #expect(Self.refusal(text)?.message.hasSuffix(", expected an object") == true)
    }
  }

  /// Texts that a reader of JSON would quote in its own errors.
  @Test func noErrorQuotesTheFile() throws {
    let text = Self.secretText
    let texts = [
      text, "{\"\(text)\": 1, \"\(text)\": 2}", "{\"secret\": 1\(text.filter(\.isNumber))}",
      "{\"secret\": 1e\(text.filter(\.isNumber))}", "{\"secret\": \"\(text)", "{\(text)}",
      "{\"id\": \"\(text) \", \"secret\": \"\(text)\"}", "{\"documents\": {\"\(text)\": 1}}",
    ]
    for text in texts {
      let message = try #require(Self.refusal(text)?.message)
      #expect(Self.isSilent(message), "\(message)")
    }
  }
}
