import Formats

/// Bytes are a zip archive, or, when they do not start as one, an entry of a valid archive.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  let isArchive = bytes.starts(with: "PK".utf8)
  let file = isArchive ? bytes : Input.archive([("a.npy", bytes)])
  Input.withFile(file) { path throws(FormatError) in
    let archive = try ZipArchive.open(try MappedFile.open(path))
    for entry in archive.entries { _ = try? archive.copy(entry, limit: 1 << 20) }
    Input.touch(try NPZFile.open(path).entries.map(\.tensor))
  }
  return 0
}
