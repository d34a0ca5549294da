import Formats
import Foundation
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// A native dictionary with its accelerator, to be looked at and damaged.
struct AcceleratedFolder {
  static let featureCount = 200
  static let width = 70

  let folder: TemporaryFolder
  let path: String
  let report: ExportReport
  static let acceleratorName = "accelerator.safetensors"

  init(_ parts: SparseDictionary.Parts? = nil, options: ExportOptions? = nil) throws {
    folder = try TemporaryFolder()
    path = folder.file("copy")
    let random = RandomDictionary(featureCount: Self.featureCount, width: Self.width, seed: 6)
    let dictionary = try SparseDictionary(parts ?? random.parts(.topK(k: 4)))
    report = try DictionaryExport.native(
      dictionary, to: path, options: options ?? ExportOptions(accelerates: true))
  }

  var acceleratorPath: String { path + "/" + Self.acceleratorName }

  func acceleratorBytes() throws -> [UInt8] {
    try folder.bytes("copy/" + Self.acceleratorName)
  }

  func open(whole: Bool = false) throws -> SparseDictionary {
    var options = ImportOptions()
    if whole { options.weightCheck = .whole }
    return try DictionaryImporter.open(path, options: options)
  }

  func failure(whole: Bool = false) -> ImportError? {
    var options = ImportOptions()
    if whole { options.weightCheck = .whole }
    return importFailure(path, options)
  }

  /// What is wrong with the accelerator; nil when nothing is, or something else.
  func flaw(whole: Bool = false) -> AcceleratorFlaw? {
    let failure = failure(whole: whole)
    guard case .accelerator(let flaw)? = failure?.reason else {
      if let failure { Issue.record("\(failure)") }
      return nil
    }
    #expect(failure?.path == acceleratorPath, "the file is named")
    return flaw
  }

  /// The field that is wrong.
  func flawedField(whole: Bool = false) -> String? {
    guard case .field(let name, let found, let expected)? = flaw(whole: whole) else { return nil }
    #expect(!found.isEmpty && !expected.isEmpty && found != expected, "\(name)")
    return name
  }

  /// Rewrites the accelerator with `change` made to its metadata and tensors.
  func edit(
    _ change: (inout [(key: String, value: String)], inout [TestTensor]) -> Void
  ) throws {
    let file = try SafetensorsFile.open(acceleratorPath)
    var metadata = file.metadata
    var tensors = file.tensors.map { name, tensor in
      TestTensor(name, tensor.elementType, tensor.shape, bytes: tensor.storedBytes)
    }
    change(&metadata, &tensors)
    let writer = try SafetensorsWriter(
      path: acceleratorPath,
      entries: tensors.map { .init($0.name, $0.elementType, shape: $0.shape) },
      metadata: metadata)
    for (index, tensor) in tensors.enumerated() {
      try writer.append(tensor.bytes.span.bytes, to: index)
    }
    try writer.finish()
  }

  /// Changes bytes of one tensor.
  func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    try edit { _, tensors in
      for place in tensors.indices where tensors[place].name == name {
        change(&tensors[place].bytes)
      }
    }
  }
}

extension Tensor {
  /// A copy of the stored bytes.
  var storedBytes: [UInt8] {
    storage.withBytes { bytes in
      (byteOffset..<(byteOffset + byteCount)).map {
        bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
      }
    }
  }
}
