import Formats
import Testing
import Watermark

/// vectors/watermark/keys: the same definitions in Python.
@Suite struct SelectionVectorTests {
  static func document(_ value: JSONValue) throws -> DocumentIdentifier {
    let content = try #require(value["value"])
    return switch value["scheme"]?.asString {
    case "given": .given(try #require(content.asString))
    case "prompt": .prompt(try #require(content.asString))
    case "window": .window(try #require(content.asInt))
    default: .constant
    }
  }

  static func scheme(_ document: DocumentIdentifier) -> DocumentScheme {
    switch document {
    case .given: .given
    case .prompt: .prompt
    case .window: .window(seconds: 60)
    case .constant: .constant
    }
  }

  @Test func everyVectorIsMet() throws {
    let cases = try KeyVector.cases("selections")
    #expect(cases.count == 70)
    for value in cases {
      let document = try Self.document(value)
      let secret = try KeyVector.bytes(value, "secret")
      #expect(document.scheme == value["scheme"]?.asString)
      #expect(document.canonicalBytes == (try KeyVector.bytes(value, "identifier")))
      var stream = KeyStream(secret: Secret(secret), document: document)
      let expected = try KeyVector.bytes(value, "stream")
      #expect(expected.map { _ in stream.nextByte() } == expected)
      let key = try testKey(
        count: try #require(value["count"]?.asInt), documents: Self.scheme(document),
        secret: secret)
      let selection = try key.selection(
        of: document, among: try #require(value["entry_count"]?.asInt))
      #expect(selection.entries == (try KeyVector.numbers(value, "entries")))
      #expect(selection.signs == (try KeyVector.numbers(value, "signs")))
    }
  }

  @Test func theLeastCostlyOfSeveralDrawsIsMet() throws {
    let cases = try KeyVector.cases("choices")
    #expect(cases.count == 7)
    for value in cases {
      let slopes = try #require(value["slopes"]?.asArray).map { try #require($0.asDouble) }
      let bank = try TestBank.costly(slopes, draws: try #require(value["draws"]?.asInt))
      let key = try testKey(
        bank: bank.fingerprint, count: try #require(value["count"]?.asInt),
        secret: try KeyVector.bytes(value, "secret"))
      let selection = try bank.selection(
        key: key, document: .given(try #require(value["value"]?.asString)))
      #expect(selection.entries == (try KeyVector.numbers(value, "entries")))
      #expect(selection.signs == (try KeyVector.numbers(value, "signs")))
    }
  }

  @Test func everyLeanIsMet() throws {
    let cases = try KeyVector.cases("leans")
    #expect(cases.count == 8)
    for value in cases {
      let slopes = try #require(value["slopes"]?.asArray).map { try #require($0.asDouble) }
      let bank = try TestBank.costly(slopes, draws: try #require(value["draws"]?.asInt))
      let expected = try #require(value["leans"]?.asArray).map { try #require($0.asDouble) }
      let lean = bank.lean(count: try #require(value["count"]?.asInt))
      #expect(lean.count == expected.count)
      for (actual, expected) in zip(lean, expected) { #expect(abs(actual - expected) <= 1e-12) }
    }
  }

  @Test func everyKeyFileIsMet() throws {
    for value in try KeyVector.cases("keys") {
      let text = try #require(value["text"]?.asString)
      let key = try WatermarkKey.read(Array(text.utf8), name: "k")
      #expect(key.fingerprint == value["fingerprint"]?.asString)
      #expect(String(decoding: key.json(), as: UTF8.self) == text)
    }
  }
}
