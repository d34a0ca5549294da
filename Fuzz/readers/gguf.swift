import Formats

/// Bytes are a GGUF file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  Input.withFile([UInt8](UnsafeBufferPointer(start: start, count: count))) {
    path throws(FormatError) in
    Input.touch(try GGUFFile.open(path).tensors().entries.map(\.tensor))
  }
  return 0
}
