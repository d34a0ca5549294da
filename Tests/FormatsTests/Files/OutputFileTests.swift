import Formats
import Foundation
import Testing

@Suite struct OutputFileTests {
  @Test func commitPutsTheFileThere() throws {
    let scratch = try Scratch()
    let output = try OutputFile.create(scratch.file("a"))
    #expect(!output.isDirect)
    try output.write([1, 2])
    try output.write("xy")
    try output.write(([9] as [UInt8]).span.bytes, at: 6)
    try output.write([7])
    #expect(output.position == 5)
    // Nothing is visible before: a process killed here leaves nothing behind.
    #expect(try scratch.names().isEmpty)
    try output.commit()
    #expect(try scratch.names() == ["a"])
    #expect(try scratch.read("a") == [1, 2, 0x78, 0x79, 7, 0, 9])
  }

  @Test func aReplacedFileKeepsItsPermissions() throws {
    for mode: mode_t in [0o600, 0o640, 0o4755] {
      let scratch = try Scratch()
      let path = try scratch.write([1], "a")
      #expect(chmod(path, mode) == 0)
      try OutputFile.check(path)
      let output = try OutputFile.create(path)
      try output.write([2])
      try output.commit()
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o7777 == mode)
      #expect(try scratch.read("a") == [2])
    }
  }

  @Test func withoutCommitNothingIsLeft() throws {
    let scratch = try Scratch()
    try scratch.write([5], "a")
    do {
      let output = try OutputFile.create(scratch.file("a"))
      try output.write([1])
      #expect(try scratch.names() == ["a"])
    }
    #expect(try scratch.names() == ["a"])
    #expect(try scratch.read("a") == [5])
  }

  @Test func discardIsHarmlessTwice() throws {
    let scratch = try Scratch()
    let output = try OutputFile.create(scratch.file("a"))
    output.discard()
    output.discard()
    #expect(try scratch.names() == [])
  }

  @Test func anExistingFileIsReplacedWhole() throws {
    let scratch = try Scratch()
    try scratch.write(Array(repeating: 1, count: 100), "a")
    let output = try OutputFile.create(scratch.file("a"))
    try output.write([2])
    #expect(try scratch.read("a").count == 100)
    try output.commit()
    #expect(try scratch.read("a") == [2])
  }

  @Test func twoWritersDoNotMeet() throws {
    let scratch = try Scratch()
    let first = try OutputFile.create(scratch.file("a"))
    let second = try OutputFile.create(scratch.file("a"))
    try first.write([1])
    try second.write([2])
    try second.commit()
    try first.commit()
    #expect(try scratch.read("a") == [1])
    #expect(try scratch.names() == ["a"])
  }

  @Test func permissionsComeFromTheMask() throws {
    let scratch = try Scratch()
    let output = try OutputFile.create(scratch.file("a"))
    try output.commit()
    var status = stat()
    #expect(stat(scratch.file("a"), &status) == 0)
    #expect(status.st_mode & 0o111 == 0)
    #expect(status.st_mode & 0o400 != 0)
  }

  @Test func aLinkIsFollowed() throws {
    let scratch = try Scratch()
    try scratch.write([1], "real")
    #expect(symlink("real", scratch.file("link")) == 0)
    let output = try OutputFile.create(scratch.file("link"))
    try output.write([2])
    try output.commit()
    #expect(try scratch.read("real") == [2])
    #expect(try scratch.names() == ["link", "real"])
    #expect(symlink("nowhere", scratch.file("dangling")) == 0)
    #expect(
      refusal { () throws(FormatError) in try OutputFile.create(scratch.file("dangling")) }?.reason
        == .notARegularFile(kind: "symbolic link to nothing"))
  }

  @Test func whatCannotBeAFileIsRefused() throws {
    let scratch = try Scratch()
    func reason(_ path: String) -> FormatError.Reason? {
      refusal { () throws(FormatError) in try OutputFile.create(path) }?.reason
    }
    #expect(reason(scratch.path) == .notARegularFile(kind: "directory"))
    #expect(reason(scratch.path + "/") == .notARegularFile(kind: "directory"))
    #expect(reason(scratch.file("none/")) == .notARegularFile(kind: "directory"))
    #expect(reason(scratch.file("none/a")) == .systemCall(call: "open", errno: ENOENT))
    #expect(reason("") == .invalidFileName(name: ""))
    #expect(reason(scratch.file("a\0b")) == .invalidFileName(name: scratch.file("a\0b")))
    try scratch.write([1], "file")
    #expect(reason(scratch.file("file/a")) == .systemCall(call: "stat", errno: ENOTDIR))
    #expect(try scratch.names() == ["file"])
  }

  @Test func longNamesWork() throws {
    let scratch = try Scratch()
    let name = String(repeating: "é", count: 127)
    let output = try OutputFile.create(scratch.file(name))
    try output.commit()
    #expect(try scratch.names() == [name])
    let tooLong = try OutputFile.create(scratch.file(String(repeating: "x", count: 255)))
    try tooLong.commit()
    #expect(
      refusal { () throws(FormatError) in
        try OutputFile.create(scratch.file(String(repeating: "x", count: 256)))
      }?.reason == .systemCall(call: "stat", errno: ENAMETOOLONG))
  }

  @Test func relativePathsWork() throws {
    let name = "formats-test-\(UInt64.random(in: 0 ... .max))"
    let output = try OutputFile.create(name)
    try output.commit()
    #expect(unlink(name) == 0)
  }

  @Test func commitIntoAVanishedFolderSaysSo() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.file("d"), withIntermediateDirectories: false)
    let output = try OutputFile.create(scratch.file("d/a"))
    try FileManager.default.removeItem(atPath: scratch.file("d"))
    let error = refusal { () throws(FormatError) in try output.commit() }
    #expect(error?.reason == .systemCall(call: "linkat", errno: ENOENT))
    #expect(error?.path == scratch.file("d/a"))
  }

  @Test func commitOntoANewFolderLeavesNothing() throws {
    let scratch = try Scratch()
    let output = try OutputFile.create(scratch.file("a"))
    try FileManager.default.createDirectory(
      atPath: scratch.file("a"), withIntermediateDirectories: false)
    let error = refusal { () throws(FormatError) in try output.commit() }
    #expect(error?.reason == .systemCall(call: "rename", errno: EISDIR))
    #expect(try scratch.names() == ["a"])
  }

  @Test func devicesArePassedThrough() throws {
    let null = try OutputFile.create("/dev/null")
    #expect(null.isDirect)
    try null.write([1, 2, 3])
    try null.commit()
    let full = try OutputFile.create("/dev/full")
    #expect(
      refusal { () throws(FormatError) in try full.write([1]) }
        == FormatError(.systemCall(call: "write", errno: ENOSPC), path: "/dev/full"))
  }

  @Test func pipesGoForwardsOnly() throws {
    let pipe = Pipe()
    let path = "/dev/fd/\(pipe.fileHandleForWriting.fileDescriptor)"
    let output = try OutputFile.create(path)
    #expect(output.isDirect)
    try output.write([1, 2])
    try output.write(([3] as [UInt8]).span.bytes, at: 2)
    #expect(
      refusal { () throws(FormatError) in try output.write(([9] as [UInt8]).span.bytes, at: 0) }?
        .reason
        == .unsupported(
          what: "writing out of order to a pipe or device", advice: "write to a file"))
    try output.commit()
    try pipe.fileHandleForWriting.close()
    let read = try pipe.fileHandleForReading.readToEnd()
    #expect(read.map { [UInt8]($0) } == [1, 2, 3])
  }

  @Test func aNamedPipeIsWrittenDirectly() throws {
    let scratch = try Scratch()
    let path = scratch.file("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let output = try OutputFile.create(path)
    try output.write([7, 8])
    try output.commit()
    var bytes: [UInt8] = [0, 0, 0]
    #expect(read(reader, &bytes, 3) == 2)
    #expect(bytes == [7, 8, 0])
    #expect(try scratch.names() == ["pipe"])
  }

  @Test func aPipeLargerThanItsBufferIsWrittenWhole() async throws {
    let pipe = Pipe()
    let output = try OutputFile.create("/dev/fd/\(pipe.fileHandleForWriting.fileDescriptor)")
    let reading = Task.detached { try pipe.fileHandleForReading.readToEnd()?.count }
    try output.write(Array(repeating: 1, count: 1 << 20))
    try output.commit()
    try pipe.fileHandleForWriting.close()
    #expect(try await reading.value == 1 << 20)
  }

  @Test func misuseTraps() async {
    await #expect(processExitsWith: .failure) {
      let output = try OutputFile.create("/dev/null")
      try output.commit()
      try output.write([1])
    }
    await #expect(processExitsWith: .failure) {
      let output = try OutputFile.create("/dev/null")
      try output.commit()
      try output.commit()
    }
    await #expect(processExitsWith: .failure) {
      try OutputFile.create("/dev/null").write(([1] as [UInt8]).span.bytes, at: -1)
    }
  }
}
