import Tensors

/// Reads `.npz`: a zip archive whose entries are npy files, as `numpy.savez` writes it.
///
/// Stored entries (`numpy.savez`) point into the mapping; deflated ones (`numpy.savez_compressed`) are
/// inflated into memory. Entry `x.npy` is the tensor `x`.
package enum NPZFile {
  static let suffix = ".npy"

  /// Maps and checks the archive at `path`.
  ///
  /// - Throws: what ``ZipArchive`` and ``NPYHeader`` throw; `unsupported` for an entry of another kind;
  ///   always with the path.
  package static func open(_ path: String) throws(FormatError) -> TensorCollection {
    try open(try MappedFile.open(path))
  }

  /// Checks an archive that is mapped already.
  package static func open(_ mapped: MappedFile) throws(FormatError) -> TensorCollection {
    try read(try ZipArchive.open(mapped))
  }

  /// The arrays of an archive, in the order of its directory.
  static func read(_ archive: ZipArchive) throws(FormatError) -> TensorCollection {
    do throws(FormatError) {
      var entries: [TensorCollection.Entry] = []
      for entry in archive.entries {
        guard entry.name.hasSuffix(suffix), entry.name.utf8.count > suffix.utf8.count else {
          throw FormatError(
            .unsupported(
              what: "entry \(MessageText.quoted(entry.name)) of an npz archive",
              advice: "expected npy files alone, as numpy.savez writes them"),
            offset: entry.headerOffset)
        }
        entries.append(
          TensorCollection.Entry(
            name: String(entry.name.dropLast(suffix.count)), tensor: try tensor(entry, archive),
            path: archive.path))
      }
      return try TensorCollection(paths: [archive.path], entries)
    } catch {
      throw error.at(path: archive.path)
    }
  }

  private static func tensor(
    _ entry: ZipEntry, _ archive: ZipArchive
  ) throws(FormatError) -> Tensor {
    let content = try archive.content(entry)
    let count = min(12 + NPYHeader.byteLimit, content.range.count)
    let start = content.range.lowerBound
    // What is validated is a copy also where the content is mapped.
    let prefix =
      entry.method == .stored
      ? try archive.mapped.copyBytes(start..<(start + count))
      : Inflation.bytes(content.storage, count: count)
    do throws(FormatError) {
      let header = try NPYHeader.parse(prefix.span.bytes, fileByteCount: content.range.count)
      return header.tensor(content.storage, start: start)
    } catch {
      // The path names the entry too; the offset counts from its start.
      throw error.at(path: FilePath.join(archive.path, entry.name))
    }
  }
}
