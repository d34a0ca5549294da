import Formats
import Testing

/// Files that other programs wrote, or that are wrong in one way, read as their case says.
@Suite struct FormatVectorTests {
  @Test(arguments: try FormatVector.all("npy/valid"))
  func npyHoldsTheArray(_ vector: FormatVector) throws {
    let file = try NPYFile.open(vector.path)
    let entry = TensorCollection.Entry(
      name: "array", tensor: file.tensor, path: vector.path)
    try vector.expectTensors(try TensorCollection(paths: [vector.path], [entry]))
  }

  @Test(arguments: try FormatVector.all("npy/invalid"))
  func npyIsRefused(_ vector: FormatVector) throws {
    try vector.expectRefusal { path throws(FormatError) in try NPYFile.open(path) }
  }

  @Test(arguments: try FormatVector.all("npz/valid"))
  func npzHoldsTheArrays(_ vector: FormatVector) throws {
    try vector.expectTensors(try NPZFile.open(vector.path))
  }

  @Test(arguments: try FormatVector.all("npz/invalid"))
  func npzIsRefused(_ vector: FormatVector) throws {
    try vector.expectRefusal { path throws(FormatError) in try NPZFile.open(path) }
  }

  @Test(arguments: try FormatVector.all("zip/valid"))
  func zipHoldsTheEntries(_ vector: FormatVector) throws {
    let archive = try ZipArchive.open(try MappedFile.open(vector.path))
    let expected = try #require(vector.expected["entries"]?.asObject)
    #expect(archive.entries.map(\.name) == expected.map(\.key))
    for member in expected {
      let entry = try #require(archive[member.key])
      #expect(hexadecimal(try archive.copy(entry, limit: 1 << 20)) == member.value.asString)
      let content = try archive.content(entry)
      let bytes = content.storage.withBytes { span in
        content.range.map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
      }
      #expect(hexadecimal(bytes) == member.value.asString)
      #expect((content.storage === archive.mapped.storage) == (entry.method == .stored))
    }
  }

  @Test(arguments: try FormatVector.all("zip/invalid"))
  func zipIsRefused(_ vector: FormatVector) throws {
    try vector.expectRefusal { path throws(FormatError) in
      let archive = try ZipArchive.open(try MappedFile.open(path))
      for entry in archive.entries { _ = try archive.copy(entry, limit: 1 << 20) }
    }
  }

  @Test(arguments: try FormatVector.all("torch/valid"))
  func torchHoldsTheValues(_ vector: FormatVector) throws {
    let file = try TorchFile.open(vector.path)
    #expect(file.path == vector.path)
    if vector.expected["tensors"] != nil {
      try vector.expectTensors(try file.root.tensors(path: vector.path))
    } else {
      #expect(plain(file.root) == vector.expected["tree"])
    }
  }

  @Test(
    arguments: try ["torch/publisher-state-dict", "torch/publisher-dict"].flatMap {
      try FormatVector.all($0)
    })
  func filesThatTorchWroteHoldTheirTensors(_ vector: FormatVector) throws {
    try vector.expectTensors(try TorchFile.open(vector.path).root.tensors(path: vector.path))
  }

  @Test(arguments: try FormatVector.all("torch/invalid"))
  func torchIsRefused(_ vector: FormatVector) throws {
    try vector.expectRefusal { path throws(FormatError) in try TorchFile.open(path) }
  }

  @Test(arguments: try FormatVector.all("yaml/valid"))
  func yamlHoldsTheValue(_ vector: FormatVector) throws {
    #expect(try YAMLDocument.read(path: vector.path) == vector.expected["value"])
  }

  @Test(arguments: try FormatVector.all("yaml/invalid"))
  func yamlIsRefused(_ vector: FormatVector) throws {
    try vector.expectRefusal { path throws(FormatError) in try YAMLDocument.read(path: path) }
  }

  /// The tree in the notation of the cases.
  private func plain(_ value: TorchValue) -> JSONValue {
    switch value {
    case .none: .null
    case .bool(let flag): .bool(flag)
    case .integer(let value): .integer(value)
    case .float(let value): .number(value)
    case .string(let text): .string(text)
    case .name(let name): ["name": .string(name)]
    case .tensor(let tensor): ["tensor": .array(tensor.shape.map { .integer(Int64($0)) })]
    case .list(let values): .array(values.map(plain))
    case .tuple(let values): ["tuple": .array(values.map(plain))]
    case .dictionary(let members):
      ["dictionary": .array(members.map { .array([plain($0.key), plain($0.value)]) })]
    }
  }
}
