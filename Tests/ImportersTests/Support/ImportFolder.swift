import Formats
import Foundation
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// A publisher's folder, small enough to change one thing at a time.
struct ImportFolder {
  let folder: TemporaryFolder
  /// Name of the JSON file that ``config`` is written to; nil for none.
  var configName: String?
  var config: [JSONValue.Member] = []
  /// Texts by file name.
  var texts: [String: String] = [:]
  /// Tensors by file name, which may lie in a folder of the folder.
  var files: [String: [TestTensor]] = [:]

  init(_ configName: String? = nil) throws {
    folder = try TemporaryFolder()
    self.configName = configName
  }

  /// Sets, or with nil removes, a key of the configuration.
  mutating func set(_ key: String, _ value: JSONValue?) {
    config.removeAll { $0.key == key }
    if let value { config.append(.init(key, value)) }
  }

  /// Replaces, or adds, the tensor of the same name in the only file.
  mutating func set(_ tensor: TestTensor) {
    remove(tensor.name)
    for file in files.keys { files[file]?.append(tensor) }
  }

  mutating func remove(_ name: String) {
    for file in files.keys { files[file]?.removeAll { $0.name == name } }
  }

  func write() throws {
    if let configName {
      try folder.write(JSONValue.object(config).serialised(), to: configName)
    }
    for (name, text) in texts { try folder.write(text, to: name) }
    for (name, tensors) in files {
      let url = URL(fileURLWithPath: folder.file(name))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try writeSafetensors(url.path, tensors)
    }
  }

  /// Writes the folder and opens it.
  func open(_ options: ImportOptions = ImportOptions()) throws -> SparseDictionary {
    try write()
    return try DictionaryImporter.open(folder.path, options: options)
  }

  /// Writes the folder and opens it as a cross-layer transcoder.
  func openCrossLayer(_ options: ImportOptions = ImportOptions()) throws -> CrossLayerTranscoder {
    try write()
    return try DictionaryImporter.openCrossLayer(folder.path, options: options)
  }

  /// Writes the folder, opens it and returns the error; nil when there is none.
  func failure(
    crossLayer: Bool = false, _ options: ImportOptions = ImportOptions()
  ) throws -> ImportError? {
    try write()
    guard crossLayer else { return importFailure(folder.path, options) }
    do throws(ImportError) {
      _ = try DictionaryImporter.openCrossLayer(folder.path, options: options)
      return nil
    } catch {
      return error
    }
  }
}

/// One thing that is wrong with a folder, and what the error has to say.
struct Refusal: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let expected: [String]
  let change: @Sendable (inout ImportFolder, inout ImportOptions) -> Void

  /// `expected` are parts of the error's reason.
  init(
    _ name: String, _ expected: [String],
    _ change: @escaping @Sendable (inout ImportFolder, inout ImportOptions) -> Void
  ) {
    testDescription = name
    self.expected = expected
    self.change = change
  }

  /// Makes the change to `folder` and expects the error.
  func check(_ folder: ImportFolder, crossLayer: Bool = false) throws {
    var folder = folder
    var options = ImportOptions()
    change(&folder, &options)
    let error = try #require(try folder.failure(crossLayer: crossLayer, options))
    // Quotes inside of printed strings are escaped.
    let reason = "\(error.reason)".replacingOccurrences(of: "\\'", with: "'")
    for part in expected { #expect(reason.contains(part), "\(reason)") }
    #expect(error.path?.hasPrefix(folder.folder.path) == true)
  }
}

/// Reproducible numbers for tensors of tests.
enum Numbers {
  static func normal(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return generator.normals(count)
  }

  static func normal(_ name: String, _ shape: [Int]) -> TestTensor {
    let count = shape.reduce(1, *)
    let seed = name.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    return TestTensor(name, shape, normal(count, seed: seed))
  }
}

/// Moves a folder of a test.
func moveFolder(_ path: String, to other: String) throws {
  try FileManager.default.moveItem(atPath: path, toPath: other)
}
