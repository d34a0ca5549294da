import Tensors

/// A validated `.npy` file: one array that points into its mapping.
package struct NPYFile: Sendable {
  package let mapped: MappedFile
  package let header: NPYHeader
  package let tensor: Tensor

  /// Where the array starts, from the start of the file.
  package var dataOffset: Int { header.dataOffset }

  /// Maps and checks the file at `path`.
  ///
  /// - Throws: what ``NPYHeader`` and ``MappedFile`` throw, with the path.
  package static func open(_ path: String) throws(FormatError) -> NPYFile {
    try open(try MappedFile.open(path))
  }

  /// Checks a file that is mapped already.
  package static func open(_ mapped: MappedFile) throws(FormatError) -> NPYFile {
    do throws(FormatError) {
      let prefix = try mapped.copyBytes(0..<min(12 + NPYHeader.byteLimit, mapped.byteCount))
      let header = try NPYHeader.parse(prefix.span.bytes, fileByteCount: mapped.byteCount)
      let tensor = Tensor(
        header.elementType, shape: header.shape, storage: mapped.storage,
        byteOffset: header.dataOffset)
      return NPYFile(mapped: mapped, header: header, tensor: tensor)
    } catch {
      throw error.at(path: mapped.path)
    }
  }
}
