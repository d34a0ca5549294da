import Formats

/// Bytes are a safetensors file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  Input.withFile([UInt8](UnsafeBufferPointer(start: start, count: count))) {
    path throws(FormatError) in
    Input.touch(try SafetensorsFile.open(path).tensors.map(\.tensor))
  }
  return 0
}
