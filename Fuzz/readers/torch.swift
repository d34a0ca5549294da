import Formats
import Tensors

/// Bytes are a zip archive, or, when they do not start as one, the pickle of a valid archive.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  let storage = [UInt8](repeating: 7, count: 240)
  let file =
    bytes.starts(with: "PK".utf8)
    ? bytes : Input.archive([("archive/data.pkl", bytes), ("archive/data/0", storage)])
  Input.withFile(file) { path throws(FormatError) in
    Input.touch(tensors(try TorchFile.open(path).root))
  }
  return 0
}

private func tensors(_ value: TorchValue) -> [Tensor] {
  switch value {
  case .tensor(let tensor): [tensor]
  case .list(let values), .tuple(let values): values.flatMap(tensors)
  case .dictionary(let members): members.flatMap { tensors($0.value) }
  default: []
  }
}
