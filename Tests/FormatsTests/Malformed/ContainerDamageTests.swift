import Formats
import Foundation
import Tensors
import Testing

/// Small valid files of every container, cut and changed at every byte.
@Suite struct ContainerDamageTests {
  /// A reader, and the name of a small valid file for it.
  struct Subject: Sendable, CustomTestStringConvertible {
    let vector: String
    let read: @Sendable (MappedFile) throws(FormatError) -> [Tensor]

    var testDescription: String { vector }
  }

  static let subjects: [Subject] = [
    Subject(vector: "npy/valid/version-2.npy") { file throws(FormatError) in
      [try NPYFile.open(file).tensor]
    },
    Subject(vector: "npz/valid/stored.npz") { file throws(FormatError) in
      try NPZFile.open(file).entries.map(\.tensor)
    },
    Subject(vector: "npz/valid/compressed.npz") { file throws(FormatError) in
      try NPZFile.open(file).entries.map(\.tensor)
    },
    Subject(vector: "torch/valid/views-protocol-2.pt") { file throws(FormatError) in
      try TorchFile.open(file).root.tensors(path: file.path).entries.map(\.tensor)
    },
    Subject(vector: "torch/valid/metadata.pt") { file throws(FormatError) in
      try TorchFile.open(file).root.tensors(path: file.path).entries.map(\.tensor)
    },
    Subject(vector: "zip/valid/zip64-end.zip") { file throws(FormatError) in
      let archive = try ZipArchive.open(file)
      for entry in archive.entries { _ = try archive.copy(entry, limit: 1 << 20) }
      return []
    },
  ]

  private static func bytes(_ subject: Subject) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(FormatVector.root)/\(subject.vector)")))
  }

  @Test(arguments: subjects)
  func truncationAtEveryByteIsRefused(_ subject: Subject) throws {
    let scratch = try Scratch()
    let valid = try Self.bytes(subject)
    for count in valid.indices {
      let path = try scratch.write(Array(valid.prefix(count)), "cut")
      let error = refusal { () throws(FormatError) in
        try subject.read(try MappedFile.open(path))
      }
      #expect(error?.path?.hasPrefix(path) == true, "accepted with \(count) bytes")
      #expect(error?.message.contains("\n") == false)
    }
  }

  /// What is still accepted holds only tensors that lie inside their memory.
  @Test(arguments: subjects)
  func everyChangedByteIsRefusedOrStaysInside(_ subject: Subject) throws {
    let scratch = try Scratch()
    let valid = try Self.bytes(subject)
    var accepted = 0
    for index in valid.indices {
      var bytes = valid
      // By turns one bit and all of them: each open costs a dozen system calls.
      bytes[index] ^= index.isMultiple(of: 2) ? 0x01 : 0xFF
      let path = try scratch.write(bytes, "changed")
      do throws(FormatError) {
        let tensors = try subject.read(try MappedFile.open(path))
        accepted += 1
        for tensor in tensors where tensor.byteCount > 0 { _ = Self.ends(of: tensor) }
      } catch {
        #expect(error.path?.hasPrefix(path) == true)
      }
    }
    #expect(accepted < valid.count)
  }

  /// The first and the last byte; outside the mapping, reading them would end the process.
  private static func ends(of tensor: Tensor) -> (UInt8, UInt8) {
    tensor.storage.withBytes { span in
      let last = tensor.byteOffset + tensor.byteCount - 1
      return (
        span.unsafeLoad(fromByteOffset: tensor.byteOffset, as: UInt8.self),
        span.unsafeLoad(fromByteOffset: last, as: UInt8.self)
      )
    }
  }

  @Test func everyChangeOfAYAMLTextIsReadOrRefused() throws {
    let valid = Array("a: [1, 0.5, {b: 'c'}]\nd:\n  - |\n    x\n  - \"\\u00e9\"\n".utf8)
    var refused = 0
    for index in valid.indices {
      for value in UInt8.min...UInt8.max {
        var bytes = valid
        bytes[index] = value
        if (try? YAMLDocument.parse(bytes)) == nil { refused += 1 }
        if (try? YAMLDocument.parse(Array(bytes.prefix(index + 1)))) == nil { refused += 1 }
      }
    }
    #expect(refused > valid.count)
  }
}
