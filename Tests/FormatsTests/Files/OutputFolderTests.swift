import Formats
import Foundation
import Testing

@Suite struct OutputFolderTests {
  private func fill(_ output: OutputFolder) throws {
    try output.makeFolder("in")
    let file = try OutputFile.create(output.file("a", in: "in"))
    try file.write([1, 2])
    try file.commit()
  }

  @Test(arguments: ["new", "new/", "new//"])
  func commitPutsTheFolderThere(_ name: String) throws {
    let scratch = try Scratch()
    #expect(try OutputFolder.isFree(scratch.file(name)))
    let output = try OutputFolder.create(scratch.file(name))
    try fill(output)
    #expect(try !scratch.names().contains("new"))
    try output.commit()
    #expect(try scratch.names() == ["new"])
    #expect(try scratch.read("new/in/a") == [1, 2])
    #expect(try !OutputFolder.isFree(scratch.file(name)))
  }

  @Test func anEmptyFolderIsReplacedAndKeepsItsPermissions() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.file("here"), withIntermediateDirectories: false)
    #expect(chmod(scratch.file("here"), 0o750) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("link"), withDestinationPath: "here")
    #expect(try OutputFolder.isFree(scratch.file("link")))
    let output = try OutputFolder.create(scratch.file("link"))
    try fill(output)
    try output.commit()
    #expect(try scratch.names() == ["here", "link"])
    #expect(try scratch.read("here/in/a") == [1, 2])
    var status = stat()
    #expect(stat(scratch.file("here"), &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o750)
  }

  @Test func withoutCommitNothingIsLeft() throws {
    let scratch = try Scratch()
    do {
      let output = try OutputFolder.create(scratch.file("new"))
      try fill(output)
      #expect(try scratch.names().count == 1)
    }
    #expect(try scratch.names().isEmpty)
    let output = try OutputFolder.create(scratch.file("new"))
    try fill(output)
    output.discard()
    output.discard()
    #expect(try scratch.names().isEmpty)
  }

  @Test func whatIsThereIsNotReplaced() throws {
    let scratch = try Scratch()
    try scratch.write([1], "file")
    try FileManager.default.createDirectory(
      atPath: scratch.file("full"), withIntermediateDirectories: false)
    try scratch.write([1], "full/x")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("loose"), withDestinationPath: "nowhere")
    for name in ["file", "full", "loose"] {
      #expect(try !OutputFolder.isFree(scratch.file(name)), "\(name)")
    }
    // Filled by another process after it was found to be free.
    let output = try OutputFolder.create(scratch.file("full"))
    try fill(output)
    let error = refusal { () throws(FormatError) in try output.commit() }
    guard case .systemCall("rename", _)? = error?.reason else {
      Issue.record("got \(String(describing: error))")
      return
    }
    #expect(error?.path == scratch.file("full"))
    #expect(try scratch.names() == ["file", "full", "loose"])
    #expect(try scratch.read("full/x") == [1])
  }

  @Test func aFolderThatIsNotThereCannotHoldOne() throws {
    let scratch = try Scratch()
    let path = scratch.file("gone/new")
    let error = refusal { () throws(FormatError) in try OutputFolder.create(path) }
    #expect(error == FormatError(.systemCall(call: "mkdir", errno: ENOENT), path: path))
  }
}
