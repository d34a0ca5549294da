import Tensors

extension ActivationFile {
  /// Reads the bytes of `rows` as they are stored into `bytes`, which must be large enough.
  ///
  /// - Throws: `fileChanged` when the file has become shorter, `systemCall`; with the path.
  package func read(
    _ rows: Range<Int>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    let start = dataOffset + rows.lowerBound * rowByteCount
    guard isInFile else {
      let source = tensor.storage.base + start
      bytes.baseAddress?.copyMemory(from: source, byteCount: rows.count * rowByteCount)
      return
    }
    try file.read(start..<(start + rows.count * rowByteCount), into: bytes)
  }
}
