import Formats
import Foundation
import Testing

@Suite struct SafetensorsMalformedTests {
  private static let all: [MalformedCase] =
    MalformedCase.prefix + MalformedCase.headerStart + MalformedCase.encoding
    + MalformedCase.grammar + MalformedCase.duplicates + MalformedCase.limits
    + MalformedCase.metadataCases + MalformedCase.entries + MalformedCase.elementTypes
    + MalformedCase.shapes + MalformedCase.offsetCases + MalformedCase.covers
    + MalformedCase.sizes

  @Test func thereAreAtLeastTwoHundredCases() {
    #expect(Self.all.count >= 200)
  }

  @Test(arguments: all)
  func isRefusedForItsReason(_ malformed: MalformedCase) throws {
    let bytes = malformed.bytes()
    let inMemory = refusal { () throws(FormatError) in
      try SafetensorsHeader.validate(bytes.span.bytes)
    }
    #expect(inMemory?.reason == malformed.expected)
    let scratch = try Scratch()
    let path = try scratch.write(bytes, "case.safetensors")
    let inFile = refusal { () throws(FormatError) in try SafetensorsFile.open(path) }
    #expect(inFile?.reason == malformed.expected)
    #expect(inFile?.path == path)
    #expect(inFile?.offset == inMemory?.offset)
    let message = try #require(inMemory).message
    #expect(!message.contains("\n") && !message.contains("failed to"))
    #expect(message.utf8.count < 1500)
  }

  private static let valid = safetensors(
    #"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}  "#, data: 11)

  @Test func truncationAtEveryByteIsRefused() throws {
    let valid = Self.valid
    let headerCount = valid.count - 8 - 11
    let scratch = try Scratch()
    #expect(
      refusal { () throws(FormatError) in
        try SafetensorsHeader.validate(valid.span.bytes)
      } == nil)
    for count in valid.indices {
      let expected: FormatError.Reason =
        if count < 8 {
          .truncated(what: "header length", needed: 8, available: count)
        } else if count < 8 + headerCount {
          .truncated(what: "header", needed: headerCount, available: count - 8)
        } else {
          .truncated(what: "tensor data", needed: 11, available: count - 8 - headerCount)
        }
      let path = try scratch.write(Array(valid.prefix(count)), "cut")
      let error = refusal { () throws(FormatError) in try SafetensorsFile.open(path) }
      #expect(error?.reason == expected, "cut to \(count) bytes")
    }
  }

  @Test func everyChangeOfOneByteIsRefusedOrStaysConsistent() {
    for index in Self.valid.indices {
      for value in [0, 0x22, 0x2C, 0x30, 0x39, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8]
      {
        var bytes = Self.valid
        bytes[index] = value
        guard
          let header = try? SafetensorsHeader.validate(bytes.span.bytes)
        else { continue }
        let end = header.entries.last?.end ?? 0
        #expect(end == 11)
      }
    }
  }

  @Test func sparseFileWithA100MegabyteHeaderIsRefusedAtOnce() throws {
    let scratch = try Scratch()
    let path = try scratch.sparse(
      lengthBytes(100_000_000) + Array("{".utf8), byteCount: 100_000_064, "large.safetensors")
    let start = ContinuousClock.now
    let error = refusal { () throws(FormatError) in try SafetensorsFile.open(path) }
    #expect(error?.reason == .headerTooLarge(found: 100_000_000, limit: 16 << 20))
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test func headerAtTheLimitFullOfTinyValuesIsRefusedQuicklyInBoundedMemory() throws {
    let limit = SafetensorsHeader.byteLimit
    let values = (limit - 8) / 2
    let header =
      Array("{\"a\":[".utf8) + Array(repeatElement([0x30, 0x2C], count: values).joined())
    let scratch = try Scratch()
    let path = try scratch.write(safetensors(header + [0x5D, 0x7D]), "full.safetensors")
    let before = peakMegabytes()
    let start = ContinuousClock.now
    let error = refusal { () throws(FormatError) in try SafetensorsFile.open(path) }
    #expect(
      error?.reason == .limitExceeded(what: "JSON values", found: 1_000_001, limit: 1_000_000))
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(peakMegabytes() - before < 256)
  }

  /// The most memory the process has ever held.
  private func peakMegabytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
  }
}
