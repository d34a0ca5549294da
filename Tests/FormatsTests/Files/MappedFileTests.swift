import Formats
import Foundation
import Tensors
import Testing

@Suite struct MappedFileTests {
  @Test func bytesAreMapped() throws {
    let scratch = try Scratch()
    let file = try MappedFile.open(try scratch.write([1, 2, 3], "a"))
    #expect(file.byteCount == 3)
    #expect(file.storage.byteCount == 3)
    #expect(Tensor(.u8, shape: [3], storage: file.storage).bytes == [1, 2, 3])
    #expect(try file.copyBytes(1..<3) == [2, 3])
    #expect(try file.copyBytes(3..<3) == [])
  }

  @Test func anEmptyFileIsMapped() throws {
    let scratch = try Scratch()
    let file = try MappedFile.open(try scratch.write([], "empty"))
    #expect(file.byteCount == 0)
    #expect(file.storage.byteCount == 0)
    try file.checkUnchanged()
  }

  @Test func bytesOutliveTheFileObject() throws {
    let scratch = try Scratch()
    let path = try scratch.write([9, 8], "a")
    let tensor = Tensor(.u8, shape: [2], storage: try MappedFile.open(path).storage)
    #expect(unlink(path) == 0)
    #expect(tensor.bytes == [9, 8])
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    let scratch = try Scratch()
    let pipe = scratch.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    func reason(_ path: String) -> FormatError.Reason? {
      refusal { () throws(FormatError) in try MappedFile.open(path) }?.reason
    }
    #expect(reason(scratch.path) == .notARegularFile(kind: "directory"))
    #expect(reason(pipe) == .notARegularFile(kind: "pipe"))
    #expect(reason("/dev/null") == .notARegularFile(kind: "character device"))
    #expect(reason(scratch.file("none")) == .systemCall(call: "open", errno: ENOENT))
    #expect(reason("") == .invalidFileName(name: ""))
    #expect(reason("/dev/null\0x") == .invalidFileName(name: "/dev/null\0x"))
  }

  @Test func changesAreNoticed() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1, 2, 3, 4], "a")
    let grown = try MappedFile.open(path)
    try grown.checkUnchanged()
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: [5])
    #expect(
      refusal { () throws(FormatError) in try grown.checkUnchanged() }
        == FormatError(.fileChanged(detail: "size is 5 bytes, was 4"), path: path))
    #expect(truncate(path, 2) == 0)
    #expect(
      refusal { () throws(FormatError) in try grown.copyBytes(0..<4) }
        == FormatError(.fileChanged(detail: "it has become shorter"), path: path))
    let touched = try MappedFile.open(path)
    var times = [timespec(tv_sec: 1, tv_nsec: 5), timespec(tv_sec: 1, tv_nsec: 5)]
    #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    #expect(
      refusal { () throws(FormatError) in try touched.checkUnchanged() }
        == FormatError(.fileChanged(detail: "modification time differs"), path: path))
    let again = try MappedFile.open(path)
    #expect(again.identity.modifiedNanoseconds == 5)
  }

  @Test func replacingTheNameChangesNothing() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1], "a")
    let file = try MappedFile.open(path)
    let output = try OutputFile.create(path)
    try output.write([2])
    try output.commit()
    try file.checkUnchanged()
    #expect(Tensor(.u8, shape: [1], storage: file.storage).bytes == [1])
    #expect(try scratch.read("a") == [2])
  }

  @Test func readingSurvivesAFileThatShrinks() throws {
    let scratch = try Scratch()
    let path = try scratch.write([UInt8](repeating: 7, count: 10_000), "a")
    let file = try MappedFile.open(path)
    #expect(try file.copyBytes(9_998..<10_000) == [7, 7])
    #expect(truncate(path, 5_000) == 0)
    #expect(try file.copyBytes(4_998..<5_000) == [7, 7])
    let error = refusal { () throws(FormatError) in try file.copyBytes(4_999..<5_001) }
    #expect(error?.reason == .fileChanged(detail: "it has become shorter"))
    #expect(error?.path == path)
  }

  @Test func rangesOutsideTheFileTrap() async {
    await #expect(processExitsWith: .failure) {
      let scratch = try Scratch()
      _ = try MappedFile.open(try scratch.write([1], "a")).copyBytes(0..<2)
    }
  }
}
