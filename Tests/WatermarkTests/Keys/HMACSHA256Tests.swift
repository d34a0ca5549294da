import Tensors
import Testing
import Watermark

@Suite struct HMACSHA256Tests {
  @Test func everyVectorIsMet() throws {
    let cases = try KeyVector.cases("hmac")
    #expect(cases.count > 40)
    for (number, value) in cases.enumerated() {
      let key = try KeyVector.bytes(value, "key")
      let data = try KeyVector.bytes(value, "data")
      let expected = try KeyVector.bytes(value, "mac")
      let mac = HMACSHA256(key: key).authenticate(data)
      #expect(mac.count == 32)
      // RFC 4231 gives the first half of its case 5 alone.
      #expect(expected.count == (number == 4 ? 16 : 32))
      #expect(Array(mac.prefix(expected.count)) == expected, "case \(number)")
    }
  }

  /// RFC 4231, sections 4.3 and 4.7: a short key, and one that is longer than a block.
  @Test func theNumbersOfTheStandardAreMet() {
    var short = HMACSHA256(key: Array("Jefe".utf8))
    short.update("what do ya want ")
    short.update("for nothing?")
    #expect(
      Hexadecimal.text(short.finish())
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    var long = HMACSHA256(key: [UInt8](repeating: 0xaa, count: 131))
    long.update("Test Using Larger Than Block-Size Key - Hash Key First")
    #expect(
      Hexadecimal.text(long.finish())
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  /// `printf '' | openssl dgst -sha256 -hmac ''` says the same.
  @Test func emptyKeyAndMessageAreFine() {
    #expect(
      Hexadecimal.text(HMACSHA256(key: []).authenticate([]))
        == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test func partsMakeNoDifference() {
    let message = (0..<150).map { UInt8($0) }
    let keyed = HMACSHA256(key: [1, 2, 3])
    let whole = keyed.authenticate(message)
    for cut in 0...message.count {
      var parts = keyed
      parts.update(Array(message[..<cut]))
      parts.update([])
      parts.update(Array(message[cut...]))
      #expect(parts.finish() == whole)
    }
    // A keyed value is not used up.
    #expect(keyed.authenticate(message) == whole)
    #expect(HMACSHA256(key: [1, 2, 4]).authenticate(message) != whole)
  }
}
