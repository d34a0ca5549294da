import Formats
import Testing

/// Random changes to valid documents: the checks before json-c and json-c itself must agree.
@Suite struct JSONPropertyTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  private static let seeds = [
    #"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00\n",true,false,null,{}],"b":{"c":[[]],"d":18446744073709551615}}"#,
    #"[0,0.0,-0,1e5,1E-5,"",[],{"k":"v","l":{"k":9223372036854775808}}]"#,
    #"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
  ]

  private static let alphabet = Array(
    "{}[]:,\"\\ \n\t0123456789.eE+-truefalsnxuNaI/'\u{0}\u{7F}é".utf8)

  @Test(arguments: 0..<8)
  func whatIsAcceptedIsReadBackAndJSONCNeverDisagrees(_ stream: Int) throws {
    var random = Generator(state: UInt64(stream))
    var acceptedCount = 0
    for round in 0..<4000 {
      var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
      for _ in 0...Int.random(in: 0...2, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        let byte = Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &random)]
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[index] = byte
        case 1: bytes.insert(byte, at: index)
        default: bytes.remove(at: index)
        }
      }
      do throws(FormatError) {
        let value = try JSONValue.parse(bytes)
        acceptedCount += 1
        #expect(try JSONValue.parse(text: value.serialised()) == value)
      } catch {
        if case .invalidJSON(let detail) = error.reason {
          #expect(detail.hasPrefix("found ") || detail.hasPrefix("a "), "\(detail)")
        }
      }
    }
    #expect(acceptedCount > 100)
  }
}
