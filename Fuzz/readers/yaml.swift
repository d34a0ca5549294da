import Formats

/// Bytes are a YAML text; what is read must survive being written as JSON and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  Input.withFile([UInt8](UnsafeBufferPointer(start: start, count: count))) {
    path throws(FormatError) in
    let value = try YAMLDocument.read(path: path)
    precondition(!value.serialised().contains("\n"), "a line break in JSON")
  }
  return 0
}
