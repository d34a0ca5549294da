import Tensors
import Testing

@Suite struct HexadecimalTests {
  @Test func bytesReadBackEqual() {
    let all = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.bytes(Hexadecimal.text(all)) == all)
    #expect(Hexadecimal.text([0, 0x0f, 0xa0]) == "000fa0")
    #expect(Hexadecimal.bytes("") == [])
  }

  @Test func numbersReadBackEqual() {
    for number: UInt64 in [0, 1, 0xfe, 1 << 63, .max, 0x0123_4567_89ab_cdef] {
      #expect(Hexadecimal.bits(Hexadecimal.text(number)) == number)
    }
    #expect(Hexadecimal.text(0x0123_4567_89ab_cdef as UInt64) == "0123456789abcdef")
    #expect(Hexadecimal.text(10 as UInt64) == "000000000000000a")
    for text in ["", "a", "00000000000000000", "000000000000000A", "+00000000000000a"] {
      #expect(Hexadecimal.bits(text) == nil)
    }
  }

  @Test func readingIsStrict() {
    for text in ["0", "0F", "0g", " 0", "é0", "000", "-1", "0x"] {
      #expect(Hexadecimal.bytes(text) == nil)
    }
    let digest = String(repeating: "0123456789abcdef", count: 4)
    #expect(Hexadecimal.isDigest(digest))
    for text in ["", String(digest.dropLast()), digest + "0", digest.uppercased()] {
      #expect(!Hexadecimal.isDigest(text))
    }
    #expect(!Hexadecimal.isDigest(digest.dropLast() + "g"))
  }
}
