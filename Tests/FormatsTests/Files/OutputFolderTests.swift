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
    for name in ["empty", "full"] {
      try FileManager.default.createDirectory(
        atPath: scratch.file(name), withIntermediateDirectories: false)
    }
    try scratch.write([1], "full/x")
    for (link, target) in [("loose", "nowhere"), ("link", "empty")] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.file(link), withDestinationPath: target)
    }
    let names = try scratch.names()
    for name in [
      "file", "file/", "empty", "empty/", "empty/.", "empty/..", "full", "loose", "loose/",
    ]
      + ["link", "link/", ".", ".."]
    {
      let path = scratch.file(name)
      #expect(try !OutputFolder.isFree(path), "\(name)")
      let error = refusal { () throws(FormatError) in try OutputFolder.create(path) }
      #expect(error == FormatError(.systemCall(call: "mkdir", errno: EEXIST), path: path))
    }
    #expect(try scratch.names() == names)
    #expect(try scratch.read("full/x") == [1])
  }

  @Test(arguments: ["empty", "full", "file"])
  func whatAppearsMeanwhileIsNotReplaced(_ kind: String) throws {
    let scratch = try Scratch()
    let path = scratch.file("new")
    let output = try OutputFolder.create(path)
    try fill(output)
    if kind == "file" {
      try scratch.write([1], "new")
    } else {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      if kind == "full" { try scratch.write([1], "new/x") }
    }
    var before = stat()
    #expect(lstat(path, &before) == 0)
    let error = refusal { () throws(FormatError) in try output.commit() }
    #expect(error == FormatError(.systemCall(call: "rename", errno: EEXIST), path: path))
    var after = stat()
    #expect(lstat(path, &after) == 0)
    #expect(after.st_ino == before.st_ino)
    #expect(try scratch.names() == ["new"])
  }

  @Test func pathsThatCStringsCannotHoldAreRefused() {
    for path in ["", "a\u{0}b"] {
      #expect(
        refusal { () throws(FormatError) in try OutputFolder.isFree(path) }?.reason
          == .invalidFileName(name: path))
    }
  }

  @Test func aFolderThatIsNotThereCannotHoldOne() throws {
    let scratch = try Scratch()
    let path = scratch.file("gone/new")
    let error = refusal { () throws(FormatError) in try OutputFolder.create(path) }
    #expect(error == FormatError(.systemCall(call: "mkdir", errno: ENOENT), path: path))
  }
}
