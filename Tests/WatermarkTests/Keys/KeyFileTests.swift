import Formats
import Foundation
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct KeyFileTests {
  private static func mode(_ path: String) throws -> mode_t {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return status.st_mode & 0o7777
  }

  private static func names(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
  }

  @Test func aKeyReadsBack() throws {
    let schemes: [DocumentScheme] = [.given, .prompt, .window(seconds: 86_400), .constant]
    for (number, scheme) in schemes.enumerated() {
      let folder = try TemporaryFolder()
      let key = try testKey(
        retired: number == 1 ? 1_700_000_000 : nil, follows: number == 2 ? "key-0" : nil,
        documents: scheme)
      try key.write(to: folder.file("k"))
      #expect(try Self.mode(folder.file("k")) == 0o600)
      let read = try WatermarkKey.read(path: folder.file("k"))
      #expect(read.json() == key.json())
      #expect(read.documents == scheme)
      #expect(read.retired == key.retired)
      #expect(read.follows == key.follows)
      #expect(read.fingerprint == key.fingerprint)
      #expect(try Self.names(folder) == ["k"])
    }
  }

  @Test func anExistingFileIsNeverReplaced() throws {
    let folder = try TemporaryFolder()
    let key = try testKey()
    try folder.write("precious", to: "file")
    try #require(symlink("nowhere", folder.file("dangling")) == 0)
    try #require(symlink("file", folder.file("link")) == 0)
    for name in ["file", "dangling", "link", ""] {
      let error = refusal { () throws(SteeringError) in try key.write(to: folder.file(name)) }
      #expect(error?.code == .inputOutput)
      #expect(error?.message.hasSuffix("exists already, expected a path where nothing is") == true)
    }
    #expect(try folder.bytes("file") == Array("precious".utf8))
    #expect(try Self.names(folder).sorted() == ["dangling", "file", "link"])
  }

  /// In processes of their own: the umask belongs to the whole process.
  @Test func theUmaskChangesNothing() async {
    await #expect(processExitsWith: .success) {
      umask(0)
      try KeyFileTests.writeAndRetire()
    }
    await #expect(processExitsWith: .success) {
      umask(0o077)
      try KeyFileTests.writeAndRetire()
    }
    await #expect(processExitsWith: .success) {
      umask(0o777)
      let folder = try makeOpenFolder()
      try KeyFileTests.writeAndRetire(folder)
      try FileManager.default.removeItem(atPath: folder)
    }
  }

  static func writeAndRetire() throws {
    let folder = try TemporaryFolder()
    try writeAndRetire(folder.path)
  }

  static func writeAndRetire(_ folder: String) throws {
    try testKey().write(to: folder + "/k")
    try #require(try mode(folder + "/k") == 0o600)
    try WatermarkKey.retire(path: folder + "/k", at: 1_800_000_000)
    try #require(try mode(folder + "/k") == 0o600)
  }

  @Test func aFileThatOthersMayUseIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("k")
    try testKey().write(to: path)
    for mode: mode_t in [0o604, 0o602, 0o601, 0o640, 0o620, 0o610, 0o644, 0o777] {
      try #require(chmod(path, mode) == 0)
      let error = refusal { () throws(SteeringError) in try WatermarkKey.read(path: path) }
      #expect(error?.code == .inputOutput)
      #expect(error?.message.contains("(mode 0\(String(mode, radix: 8)))") == true)
      #expect(error?.message.contains("chmod 600 \(path)") == true)
    }
    for mode: mode_t in [0o600, 0o400, 0o700] {
      try #require(chmod(path, mode) == 0)
      #expect(try WatermarkKey.read(path: path).id == "key-1")
    }
  }

  @Test func whatIsNoKeyFileIsRefused() throws {
    let folder = try TemporaryFolder()
    func message(_ name: String) -> String? {
      refusal { () throws(SteeringError) in try WatermarkKey.read(path: folder.file(name)) }?
        .message
    }
    try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(
      message("pipe") == "\(shown(folder.file("pipe"))): found a pipe, expected a regular file")
    #expect(message("")?.hasSuffix("found a directory, expected a regular file") == true)
    #expect(message("none")?.hasSuffix("open: no such file or directory") == true)
    try folder.write([UInt8](repeating: 0x20, count: 65_537), to: "long")
    try #require(chmod(folder.file("long"), 0o600) == 0)
    #expect(message("long")?.hasSuffix("bytes of the file: 65537, expected at most 65536") == true)
    var padded = try testKey().json()
    padded += [UInt8](repeating: 0x20, count: 65_536 - padded.count)
    try folder.write(padded, to: "padded")
    try #require(chmod(folder.file("padded"), 0o600) == 0)
    #expect(try WatermarkKey.read(path: folder.file("padded")).id == "key-1")
  }

  /// A path as errors show it.
  private func shown(_ path: String) -> String {
    path.count <= 100 ? path : "..." + path.suffix(97)
  }

  @Test func retiringReplacesTheFileWhole() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("k")
    let key = try testKey(follows: "key-0", documents: .window(seconds: 60))
    try key.write(to: path)
    try #require(chmod(path, 0o400) == 0)
    let retired = try WatermarkKey.retire(path: path, at: 1_800_000_000)
    #expect(retired.retired == 1_800_000_000)
    #expect(try Self.mode(path) == 0o600)
    let read = try WatermarkKey.read(path: path)
    #expect(read.json() == (try key.retired(at: 1_800_000_000)).json())
    #expect(try Self.names(folder) == ["k"])
    // Once is enough, and a refusal leaves the file alone.
    let before = try folder.bytes("k")
    for time in [1_800_000_000, 1_900_000_000] {
      #expect(
        refusal { () throws(SteeringError) in try WatermarkKey.retire(path: path, at: time) }?
          .code == .invalidArgument)
    }
    #expect(try folder.bytes("k") == before)
  }
}

/// A folder that its owner may use whatever the umask.
func makeOpenFolder() throws -> String {
  let path = FileManager.default.temporaryDirectory.path + "/steering-key-\(UUID().uuidString)"
  try #require(mkdir(path, 0o700) == 0 && chmod(path, 0o700) == 0)
  return path
}
