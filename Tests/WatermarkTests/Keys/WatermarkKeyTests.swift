import Steering
import Testing
import Watermark

@Suite struct WatermarkKeyTests {
  @Test func nothingShowsTheSecret() throws {
    let secret = [UInt8](repeating: 0xab, count: 32)
    let key = try testKey(retired: 1_700_000_001, follows: "key-0", secret: secret)
    var dumped = ""
    dump(key, to: &dumped)
    let texts = [
      "\(key)", String(reflecting: key), String(describing: [key]), "\(Optional(key) as Any)",
      dumped,
    ]
    for text in texts {
      #expect(text.contains("key-1"))
      for trace in ["abab", "171", "secret", "Secret"] { #expect(!text.contains(trace)) }
    }
    #expect(key.description == "watermark key 'key-1' (\(key.fingerprint))")
    let labels = Mirror(reflecting: key).children.compactMap(\.label)
    #expect(
      labels == [
        "id", "fingerprint", "created", "retired", "follows", "bank", "count", "documents",
      ])
  }

  @Test func fingerprintsTellSecretsApart() throws {
    let key = try testKey()
    #expect(key.fingerprint.count == 16)
    #expect(try testKey(id: "other", count: 9).fingerprint == key.fingerprint)
    #expect(try testKey(secret: Array(101..<133)).fingerprint != key.fingerprint)
  }

  @Test func newKeysAreRandom() throws {
    let keys = try (0..<20).map { number throws(SteeringError) in
      try WatermarkKey(
        id: "k\(number)", created: 0, bank: String(repeating: "0", count: 64), count: 1,
        documents: .constant)
    }
    #expect(Set(keys.map(\.fingerprint)).count == 20)
    #expect(keys.allSatisfy { $0.retired == nil && $0.follows == nil })
  }

  @Test func whatIsOutOfRangeIsRefused() throws {
    func message(_ body: () throws -> WatermarkKey) -> String? {
      do {
        _ = try body()
        return nil
      } catch let error as SteeringError {
        return error.code == .invalidArgument ? error.message : "another code"
      } catch {
        return "another error"
      }
    }
    let name = "is no name of a key, expected 1 to 64 of A-Z a-z 0-9 . _ -"
    for id in ["", String(repeating: "a", count: 65), "a b", "é", "a/b", "a\0"] {
      #expect(message { try testKey(id: id) } == "'id' \(name)")
      #expect(message { try testKey(follows: id) } == "'follows' \(name)")
    }
    #expect(message { try testKey(id: String(repeating: "a", count: 64)) } == nil)
    #expect(message { try testKey(id: "A.b_c-9") } == nil)
    #expect(message { try testKey(follows: "key-1") }?.hasPrefix("'follows' is the key") == true)
    #expect(message { try testKey(created: -1) } == "'created' is -1, expected 0 to 253402300799")
    #expect(
      message { try testKey(created: 9, retired: 8) }
        == "'retired' is 8, expected 9 ('created') to 253402300799")
    #expect(message { try testKey(created: 9, retired: 9) } == nil)
    for bank in ["", String(repeating: "0", count: 63), String(repeating: "A", count: 64)] {
      #expect(
        message { try testKey(bank: bank) }
          == "'bank' has \(bank.count) characters, expected 64 lower-case hexadecimal digits")
    }
    for count in [0, -1, 1_000_001, Int.min] {
      #expect(
        message { try testKey(count: count) } == "'count' is \(count), expected 1 to 1000000")
    }
    for seconds in [0, -1, 1_000_000_001] {
      #expect(
        message { try testKey(documents: .window(seconds: seconds)) }
          == "'documents.seconds' is \(seconds), expected 1 to 1000000000")
    }
  }

  @Test func aSuccessorHasANewSecretAndTheSameRest() throws {
    let key = try testKey(count: 5, documents: .window(seconds: 60))
    let next = try key.successor(id: "key-2", created: 1_800_000_000)
    #expect(next.follows == "key-1")
    #expect(next.id == "key-2")
    #expect(next.created == 1_800_000_000)
    #expect(next.retired == nil)
    #expect(next.bank == key.bank)
    #expect(next.count == key.count)
    #expect(next.documents == key.documents)
    #expect(next.fingerprint != key.fingerprint)
    #expect(
      refusal { () throws(SteeringError) in try key.successor(id: "key-1", created: 0) }?.code
        == .invalidArgument)
    let retired = try key.retired(at: 1_900_000_000)
    #expect(try retired.successor(id: "key-3", created: 1_900_000_000).retired == nil)
  }

  @Test func aRetiredKeyPlansNoMore() throws {
    let key = try testKey()
    try key.requireActive()
    let retired = try key.retired(at: 1_800_000_000)
    #expect(retired.retired == 1_800_000_000)
    #expect(retired.fingerprint == key.fingerprint)
    let planning = refusal { () throws(SteeringError) in try retired.requireActive() }
    #expect(planning?.code == .invalidArgument)
    #expect(
      planning?.message == "key 'key-1' was retired at 1800000000, expected a key in use: it"
        + " detects, but marks no more")
    #expect(
      refusal { () throws(SteeringError) in try retired.retired(at: 1_900_000_000) }?.message
        == "key 'key-1' was retired at 1800000000, expected a key in use")
    #expect(
      refusal { () throws(SteeringError) in try key.retired(at: 5) }?.code == .invalidArgument)
  }
}
