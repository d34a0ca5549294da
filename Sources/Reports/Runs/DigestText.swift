import Formats
import Tensors

/// SHA-256 as the 64 lower-case hexadecimal digits that `sha256sum` prints.
package enum DigestText {
  /// The digest of some bytes.
  package static func of(_ bytes: [UInt8]) -> String {
    var digest = Digest()
    digest.update(raw: bytes.span.bytes)
    return Hexadecimal.text(digest.finish())
  }

  /// The digest of a file, read in blocks of a megabyte.
  ///
  /// - Parameter progress: Called with the number of bytes in each block.
  /// - Throws: `systemCall`, `notARegularFile`, `fileChanged`, with the path.
  package static func of(
    file path: String, progress: (Int) -> Void = { _ in }
  ) throws(FormatError) -> String {
    let file = try MappedFile.open(path)
    var digest = Digest()
    var start = 0
    while start < file.byteCount {
      let end = min(start + 1 << 20, file.byteCount)
      let block = try file.copyBytes(start..<end)
      digest.update(raw: block.span.bytes)
      progress(block.count)
      start = end
    }
    try file.checkUnchanged()
    return Hexadecimal.text(digest.finish())
  }
}
