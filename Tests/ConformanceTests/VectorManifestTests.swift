import Foundation
import Formats
import Testing

/// A vector is never edited: the manifest holds the SHA-256 of every file.
@Suite struct VectorManifestTests {
  @Test func everyFileIsTheListedOne() throws {
    let root = GoldenCase.root()
    let manifest = try JSONValue.read(path: root + "/manifest.json")
    let cases = try #require(manifest["cases"]?.asObject)
    #expect(cases.map(\.key).sorted() == (try folders(in: root)))
    var lines = ""
    for entry in cases {
      let files = try #require(entry.value["files"]?.asObject)
      let found = try self.files(in: root + "/" + entry.key)
      #expect(files.map(\.key).sorted() == found.sorted(), "\(entry.key)")
      for file in files {
        lines += "\(try #require(file.value.asString))  \(root)/\(entry.key)/\(file.key)\n"
      }
    }
    #expect(try check(lines) == "")
  }

  /// The files of one case, with the folders that they are in.
  private func files(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }

  /// The folders of all cases, wherever they are.
  private func folders(in root: String) throws -> [String] {
    let all = try #require(FileManager.default.enumerator(atPath: root))
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix("/case.json") }
      .map { String($0.dropLast("/case.json".count)) }.sorted()
  }

  /// What `sha256sum --check` has to complain about.
  private func check(_ lines: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    process.arguments = ["--check", "--quiet", "--strict", "-"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    input.fileHandleForWriting.write(Data(lines.utf8))
    try input.fileHandleForWriting.close()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
