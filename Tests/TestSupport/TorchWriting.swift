import Tensors

/// What a test lets `torch.save` have written.
package indirect enum TorchTestValue {
  case none
  case integer(Int32)
  case float(Double)
  case string(String)
  case list([TorchTestValue])
  case tensor(TestTensor)
  case dictionary([(key: String, value: TorchTestValue)])

  /// A dictionary of tensors under their names.
  package static func tensors(_ tensors: [TestTensor]) -> TorchTestValue {
    .dictionary(tensors.map { ($0.name, .tensor($0)) })
  }
}

/// The bytes of a torch file: a pickle of protocol 2 and the storages, zipped.
package func torchFile(_ value: TorchTestValue) -> [UInt8] {
  var pickler = TestPickler()
  pickler.write(value)
  return zipArchive(
    [
      ("archive/data.pkl", [0x80, 2] + pickler.bytes + [UInt8(ascii: ".")]),
      ("archive/byteorder", Array("little".utf8)),
    ] + pickler.storages.enumerated().map { ("archive/data/\($0.offset)", $0.element) }
      + [("archive/version", Array("3\n".utf8))])
}

private struct TestPickler {
  var bytes: [UInt8] = []
  var storages: [[UInt8]] = []

  mutating func write(_ value: TorchTestValue) {
    switch value {
    case .none: bytes.append(UInt8(ascii: "N"))
    case .integer(let number): integer(number)
    case .float(let number):
      bytes.append(UInt8(ascii: "G"))
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (56 - 8 * $0)) }
    case .string(let text): string(text)
    case .list(let items):
      bytes += Array("](".utf8)
      for item in items { write(item) }
      bytes.append(UInt8(ascii: "e"))
    case .tensor(let tensor): self.tensor(tensor)
    case .dictionary(let members):
      bytes += Array("}(".utf8)
      for member in members {
        string(member.key)
        write(member.value)
      }
      bytes.append(UInt8(ascii: "u"))
    }
  }

  /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
  private mutating func tensor(_ tensor: TestTensor) {
    let count = tensor.shape.reduce(1, *)
    bytes += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
    string("storage")
    bytes += Array("ctorch\n\(Self.storage(tensor.elementType))\n".utf8)
    string("\(storages.count)")
    string("cpu")
    integer(Int32(count))
    bytes += Array("tQ".utf8)
    integer(0)
    tuple(tensor.shape)
    tuple(tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) })
    bytes.append(0x89)
    bytes += Array("ccollections\nOrderedDict\n)RtR".utf8)
    storages.append(tensor.bytes)
  }

  private static func storage(_ type: ElementType) -> String {
    switch type {
    case .f64: "DoubleStorage"
    case .f16: "HalfStorage"
    case .bf16: "BFloat16Storage"
    case .i64: "LongStorage"
    case .i32: "IntStorage"
    default: "FloatStorage"
    }
  }

  private mutating func tuple(_ values: [Int]) {
    bytes.append(UInt8(ascii: "("))
    for value in values { integer(Int32(value)) }
    bytes.append(UInt8(ascii: "t"))
  }

  private mutating func integer(_ value: Int32) {
    bytes.append(UInt8(ascii: "J"))
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private mutating func string(_ text: String) {
    let content = Array(text.utf8)
    bytes.append(UInt8(ascii: "X"))
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) } + content
  }
}
