import Steering
import Testing
import Watermark

@Suite struct SecretTests {
  @Test func nothingShowsTheBytes() throws {
    let secret = Secret([UInt8](repeating: 0xab, count: 32))
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), String(describing: secret)] {
      #expect(text == "secret")
    }
    #expect(dumped.hasPrefix("- secret #0"))
    #expect(Mirror(reflecting: secret).children.isEmpty)
  }

  @Test func randomSecretsDiffer() throws {
    var seen: Set<[UInt8]> = []
    for _ in 0..<100 {
      seen.insert(try Secret.random().authenticator.authenticate([]))
    }
    #expect(seen.count == 100)
    let zeros = Secret([UInt8](repeating: 0, count: 32))
    #expect(!seen.contains(zeros.authenticator.authenticate([])))
  }

  @Test func aSecretIsTheKeyOfItsMessages() {
    let bytes = [UInt8](1...32)
    #expect(
      Secret(bytes).authenticator.authenticate([7])
        == HMACSHA256(key: bytes).authenticate([7]))
  }

  @Test func anotherLengthIsABug() async {
    await #expect(processExitsWith: .failure) { _ = Secret([UInt8](repeating: 0, count: 31)) }
  }

  @Test func equalityLooksAtEveryByte() {
    let bytes = [UInt8](0..<32)
    #expect(ConstantTime.equal(bytes, bytes))
    #expect(ConstantTime.equal([], []))
    #expect(!ConstantTime.equal(bytes, Array(bytes.dropLast())))
    for index in bytes.indices {
      for bit in 0..<8 {
        var other = bytes
        other[index] ^= 1 << UInt8(bit)
        #expect(!ConstantTime.equal(bytes, other))
      }
    }
  }
}
