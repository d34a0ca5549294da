import Tensors

/// A validated `.npy` file: one array that points into its mapping, or was transposed from it.
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
      return NPYFile(
        mapped: mapped, header: header, tensor: header.tensor(mapped.storage, start: 0))
    } catch {
      throw error.at(path: mapped.path)
    }
  }
}

extension NPYHeader {
  /// The array in `storage`, whose npy file starts at byte `start`; row-major, copied when it has to be.
  func tensor(_ storage: Storage, start: Int) -> Tensor {
    guard !isRowMajor else {
      return Tensor(elementType, shape: shape, storage: storage, byteOffset: start + dataOffset)
    }
    return StridedCopy.copy(
      elementType, shape: shape, strides: StridedCopy.columnMajor(shape), storage: storage,
      byteOffset: start + dataOffset)
  }
}
