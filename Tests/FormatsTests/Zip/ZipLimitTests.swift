import Formats
import Testing

/// Limits on what an archive declares, before anything is allocated.
@Suite struct ZipLimitTests {
  private func open(_ name: String, _ limits: ZipLimits) -> FormatError.Reason? {
    refusal { () throws(FormatError) in
      try ZipArchive.open(
        try MappedFile.open("\(FormatVector.root)/zip/valid/\(name)"), limits: limits)
    }?.reason
  }

  @Test func inflatedBytesOfTheWholeArchiveAreLimited() throws {
    // 200, 256, 0, 4000 and 2 bytes, all of them deflated.
    var limits = ZipLimits()
    limits.inflatedPerByte = 0
    limits.inflatedByteCount = 4458
    #expect(open("deflated.zip", limits) == nil)
    limits.inflatedByteCount = 4457
    #expect(
      open("deflated.zip", limits)
        == .limitExceeded(what: "inflated bytes of the archive", found: 4458, limit: 4457))
    limits.inflatedByteCount = 0
    #expect(open("stored.zip", limits) == nil)
  }

  @Test func theLimitGrowsWithTheFile() throws {
    var limits = ZipLimits()
    limits.inflatedByteCount = 0
    limits.inflatedPerByte = 16
    #expect(open("deflated.zip", limits) == nil)
    limits.inflatedPerByte = .max
    #expect(open("deflated.zip", limits) == nil)
  }

  @Test func entriesAndDirectoryAreLimited() throws {
    var limits = ZipLimits()
    limits.entryCount = 3
    #expect(
      open("stored.zip", limits)
        == .limitExceeded(what: "entries of the archive", found: 4, limit: 3))
    limits = ZipLimits()
    limits.directoryByteCount = 10
    guard
      case .limitExceeded("bytes of the archive's directory", _, 10)? = open(
        "stored.zip", limits)
    else {
      Issue.record("the directory is not limited")
      return
    }
  }

  @Test func copiesAreLimited() throws {
    let archive = try ZipArchive.open(
      try MappedFile.open("\(FormatVector.root)/zip/valid/stored.zip"))
    let entry = try #require(archive["a"])
    #expect(
      refusal { () throws(FormatError) in try archive.copy(entry, limit: 199) }?.reason
        == .limitExceeded(what: "bytes of entry 'a'", found: 200, limit: 199))
    #expect(try archive.copy(entry, limit: 200).count == 200)
    #expect(archive["b"] == nil)
  }
}
