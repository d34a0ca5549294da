import Formats
import Testing

@Suite struct GGUFMalformedTests {
  private typealias B = GGUFBytes

  private static let all =
    MalformedCase.ggufStart + MalformedCase.ggufKeys + MalformedCase.ggufTensors

  @Test(arguments: all)
  func isRefusedForItsReason(_ malformed: MalformedCase) throws {
    let bytes = malformed.bytes()
    let inMemory = refusal { () throws(FormatError) in try GGUFHeader.validate(bytes.span.bytes) }
    #expect(inMemory?.reason == malformed.expected)
    let scratch = try Scratch()
    let path = try scratch.write(bytes, "case.gguf")
    let inFile = refusal { () throws(FormatError) in try GGUFFile.open(path) }
    #expect(inFile?.reason == malformed.expected)
    #expect(inFile?.path == path)
    #expect(inFile?.offset == inMemory?.offset)
    let offset = try #require(inMemory?.offset, "every error says where")
    #expect((0...bytes.count).contains(offset))
    let message = try #require(inMemory).message
    #expect(!message.contains("\n") && !message.contains("failed to"))
    #expect(message.utf8.count < 1500)
  }

  @Test func errorsPointAtTheField() {
    let keys = [B.key("a", 0, [1]), B.key("b", 7, [9])]
    let places: [([UInt8], Int)] = [
      (Array("GGUF".utf8) + B.u32(9), 4),
      // 24 bytes of head; key 'a' takes 8 + 1 + 4 + 1; the value of 'b' follows 8 + 1 + 4.
      (B.file(keys: keys), 24 + 14 + 13),
      (B.file(keys: [keys[0], keys[0]]), 24 + 14),
      // Name 9, axes 4 + 8, type 4, then the offset.
      (B.file(tensors: [B.tensor("a", [1], at: 32)], data: B.zeros(36)), 24 + 25),
      (B.file(tensors: [B.tensor("a", [1], type: 99)], data: B.zeros(4)), 24 + 21),
    ]
    for (bytes, offset) in places {
      let error = refusal { () throws(FormatError) in try GGUFHeader.validate(bytes.span.bytes) }
      #expect(error?.offset == offset, "\(String(describing: error))")
    }
  }

  @Test func truncationAtEveryByteIsRefused() throws {
    let valid = B.valid
    #expect(
      refusal { () throws(FormatError) in try GGUFHeader.validate(valid.span.bytes) } == nil)
    let scratch = try Scratch()
    for count in valid.indices {
      let path = try scratch.write(Array(valid.prefix(count)), "cut")
      let error = refusal { () throws(FormatError) in try GGUFFile.open(path) }
      guard case .truncated(_, let needed, let available)? = error?.reason else {
        Issue.record("cut to \(count) bytes: \(String(describing: error))")
        continue
      }
      #expect(needed > available, "cut to \(count) bytes")
    }
  }

  @Test func everyChangeOfOneByteIsRefusedOrStaysConsistent() throws {
    let valid = B.valid
    for index in valid.indices {
      for value in [0, 1, 2, 7, 8, 9, 0x20, 0x40, 0x7F, 0x80, 0xFF] as [UInt8] {
        var bytes = valid
        bytes[index] = value
        guard let header = try? GGUFHeader.validate(bytes.span.bytes) else { continue }
        for entry in header.tensors {
          #expect(header.dataOffset + entry.begin + entry.byteCount <= bytes.count)
        }
      }
    }
  }

  @Test func aHeaderBeyondTheLimitIsRefusedThoughTheFileHasIt() throws {
    let scratch = try Scratch()
    let head =
      Array("GGUF".utf8) + B.u32(3) + B.u64(0) + B.u64(1) + B.string("a") + B.u32(9)
      + B.array(6, count: 1 << 25, [])
    let path = try scratch.sparse(head, byteCount: 200_000_000, "large.gguf")
    let error = refusal { () throws(FormatError) in try GGUFFile.open(path) }
    #expect(
      error?.reason
        == .limitExceeded(
          what: "GGUF header bytes", found: head.count + (4 << 25), limit: 64 << 20))
  }
}
