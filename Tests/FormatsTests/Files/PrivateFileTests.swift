import Formats
import Foundation
import Testing

@Suite struct PrivateFileTests {
  private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  @Test func aNewFileHasItsModeFromTheStart() throws {
    for mode: mode_t in [0o600, 0o640, 0o666, 0o400] {
      let scratch = try Scratch()
      let output = try OutputFile.createNew(scratch.file("a"), mode: mode)
      try output.write([1, 2])
      #expect(try scratch.names().isEmpty)
      try output.commit()
      #expect(self.mode(scratch.file("a")) == mode)
      #expect(try scratch.read("a") == [1, 2])
      #expect(try scratch.names() == ["a"])
    }
  }

  @Test func aNewFileReplacesNothing() throws {
    let scratch = try Scratch()
    try scratch.write([5], "a")
    #expect(symlink("nowhere", scratch.file("dangling")) == 0)
    func reason(_ path: String) -> FormatError.Reason? {
      refusal { () throws(FormatError) in try OutputFile.createNew(path, mode: 0o600) }?.reason
    }
    for path in [scratch.file("a"), scratch.file("dangling"), scratch.path, "/dev/stdout"] {
      #expect(reason(path) == .alreadyExists)
    }
    #expect(reason(scratch.file("none/a")) == .systemCall(call: "open", errno: ENOENT))
    #expect(reason("") == .invalidFileName(name: ""))
    #expect(try scratch.read("a") == [5])
  }

  @Test func whoComesFirstStays() throws {
    let scratch = try Scratch()
    let first = try OutputFile.createNew(scratch.file("a"), mode: 0o600)
    let second = try OutputFile.createNew(scratch.file("a"), mode: 0o600)
    try first.write([1])
    try second.write([2])
    try second.commit()
    let error = refusal { () throws(FormatError) in try first.commit() }
    #expect(error == FormatError(.alreadyExists, path: scratch.file("a")))
    #expect(try scratch.read("a") == [2])
    #expect(try scratch.names() == ["a"])
  }

  @Test func aModeMayBeSetOverAnOlderOne() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1], "a")
    #expect(chmod(path, 0o644) == 0)
    let output = try OutputFile.create(path)
    try output.setMode(0o600)
    try output.write([2])
    try output.commit()
    #expect(mode(path) == 0o600)
  }

  @Test func aPrivateFileIsReadWhole() throws {
    let scratch = try Scratch()
    for count in [0, 1, 99, 100] {
      let bytes = (0..<count).map { UInt8($0) }
      let path = try scratch.write(bytes, "a")
      #expect(chmod(path, 0o600) == 0)
      #expect(try PrivateFile.read(path, limit: 100) == bytes)
    }
    let path = try scratch.write([UInt8](repeating: 1, count: 101), "a")
    #expect(
      refusal { () throws(FormatError) in try PrivateFile.read(path, limit: 100) }
        == FormatError(
          .limitExceeded(what: "bytes of the file", found: 101, limit: 100), path: path))
  }

  @Test func whatOthersMayUseIsRefused() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1], "it's")
    for bit in 0..<6 {
      let mode: mode_t = 0o600 | 1 << mode_t(bit)
      #expect(chmod(path, mode) == 0)
      let error = refusal { () throws(FormatError) in try PrivateFile.read(path, limit: 9) }
      #expect(error?.reason == .notPrivate(path: path, mode: mode))
      #expect(error?.message.hasSuffix("'\(scratch.path)/it'\\''s'") == true)
    }
    #expect(
      FormatError(.notPrivate(path: "-k", mode: 0o4644)).message.hasSuffix("chmod 600 './-k'"))
  }

  /// Only root can give a file away.
  @Test(.enabled(if: geteuid() == 0, "giving a file to another user takes root"))
  func filesOfOtherUsersAreRefused() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1, 2], "a")
    #expect(chmod(path, 0o600) == 0)
    #expect(chown(path, 12_345, 12_345) == 0)
    let error = refusal { () throws(FormatError) in try PrivateFile.read(path, limit: 9) }
    #expect(error == FormatError(.foreignOwner(found: 12_345, expected: 0), path: path))
    #expect(chown(path, 0, 12_345) == 0)
    #expect(try PrivateFile.read(path, limit: 9) == [1, 2])
  }

  @Test func whatIsNoFileIsRefused() throws {
    let scratch = try Scratch()
    func reason(_ path: String) -> FormatError.Reason? {
      refusal { () throws(FormatError) in try PrivateFile.read(path, limit: 9) }?.reason
    }
    #expect(mkfifo(scratch.file("pipe"), 0o600) == 0)
    #expect(reason(scratch.file("pipe")) == .notARegularFile(kind: "pipe"))
    #expect(reason(scratch.path) == .notARegularFile(kind: "directory"))
    #expect(reason(scratch.file("none")) == .systemCall(call: "open", errno: ENOENT))
    #expect(reason("a\0b") == .invalidFileName(name: "a\0b"))
  }
}
