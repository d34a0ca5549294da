import Tensors

/// A validated GGUF file: keys, and named tensors that point into its mapping.
///
/// The header is checked on a copy: changing the file later cannot change what was decided.
package struct GGUFFile: Sendable {
  package let mapped: MappedFile
  package let header: GGUFHeader

  package var path: String { mapped.path }

  /// Maps and checks the file at `path`.
  ///
  /// - Throws: what ``GGUFHeader`` and ``MappedFile`` throw, with path and file offset.
  package static func open(_ path: String) throws(FormatError) -> GGUFFile {
    try open(try MappedFile.open(path))
  }

  /// Checks a file that is mapped already.
  package static func open(_ mapped: MappedFile) throws(FormatError) -> GGUFFile {
    do throws(FormatError) {
      let prefix = try mapped.copyBytes(0..<min(GGUFHeader.byteLimit, mapped.byteCount))
      let header = try GGUFHeader.parse(prefix.span.bytes, fileByteCount: mapped.byteCount)
      return GGUFFile(mapped: mapped, header: header)
    } catch {
      throw error.at(path: mapped.path)
    }
  }

  /// The numbers of a tensor of this file, row-major.
  ///
  /// - Throws: `wrongType` for quantised blocks, which name their type.
  package func tensor(_ entry: GGUFHeader.Entry) throws(FormatError) -> Tensor {
    guard let type = entry.type.elementType else {
      throw FormatError(
        .wrongType(
          field: "type", found: entry.type.name,
          expected: "one of \(GGMLType.readable.joined(separator: ", "))", tensor: entry.name),
        offset: entry.infoOffset, path: path)
    }
    return Tensor(
      type, shape: entry.shape, storage: mapped.storage,
      byteOffset: header.dataOffset + entry.begin)
  }

  /// All tensors of this file, in file order.
  ///
  /// - Throws: `wrongType` for quantised blocks, which name their tensor and type; `duplicateTensor`.
  package func tensors() throws(FormatError) -> TensorCollection {
    var entries: [TensorCollection.Entry] = []
    for entry in header.tensors {
      entries.append(
        TensorCollection.Entry(name: entry.name, tensor: try tensor(entry), path: path))
    }
    return try TensorCollection(paths: [path], entries)
  }

  /// The tensor called `name`, compared byte by byte.
  ///
  /// - Throws: `tensorMissing`; `wrongType` for quantised blocks.
  package func tensor(_ name: String) throws(FormatError) -> Tensor {
    guard let entry = header.tensors.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw FormatError(
        .tensorMissing(name: name, available: header.tensors.map(\.name)), path: path)
    }
    return try tensor(entry)
  }
}
