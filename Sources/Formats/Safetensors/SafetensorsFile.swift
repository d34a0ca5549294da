import Tensors

/// A validated safetensors file: named tensors that point into its mapping.
///
/// Everything is checked before the first tensor is handed out, so a tensor needs no further checks.
/// The header is checked on a copy: changing the file later cannot change what was decided.
package struct SafetensorsFile: Sendable {
  package let mapped: MappedFile
  /// Bytes of the JSON header, its padding included, the 8 of the length not.
  package let headerByteCount: Int
  /// In file order.
  package let metadata: [(key: String, value: String)]
  /// In offset order.
  package let tensors: [(name: String, tensor: Tensor)]
  private let indices: [String: Int]

  /// Where tensor data starts, from the start of the file.
  package var dataOffset: Int { 8 + headerByteCount }

  package var path: String { mapped.path }

  /// The tensor called `name`.
  package subscript(name: String) -> Tensor? {
    indices[name].map { tensors[$0].tensor }
  }

  /// Maps and checks the file at `path`.
  ///
  /// - Throws: what ``SafetensorsHeader`` and ``MappedFile`` throw, with path and file offset.
  package static func open(_ path: String) throws(FormatError) -> SafetensorsFile {
    try open(try MappedFile.open(path))
  }

  /// Checks a file that is mapped already.
  package static func open(_ mapped: MappedFile) throws(FormatError) -> SafetensorsFile {
    do throws(FormatError) {
      let prefix = try mapped.copyBytes(0..<min(8, mapped.byteCount))
      let length = try SafetensorsHeader.byteCount(
        prefix: prefix.span.bytes, fileByteCount: mapped.byteCount)
      let json = try mapped.copyBytes(8..<(8 + length))
      do throws(FormatError) {
        let header = try SafetensorsHeader.parse(
          json.span.bytes, dataByteCount: mapped.byteCount - 8 - length)
        return SafetensorsFile(mapped, header, headerByteCount: length)
      } catch {
        throw error.shifted(by: 8)
      }
    } catch {
      throw error.at(path: mapped.path)
    }
  }

  private init(_ mapped: MappedFile, _ header: SafetensorsHeader, headerByteCount: Int) {
    self.mapped = mapped
    self.headerByteCount = headerByteCount
    metadata = header.metadata
    tensors = header.entries.map { entry in
      let tensor = Tensor(
        entry.elementType, shape: entry.shape, storage: mapped.storage,
        byteOffset: 8 + headerByteCount + entry.begin)
      return (entry.name, tensor)
    }
    indices = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }
}
