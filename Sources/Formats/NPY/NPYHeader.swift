import Tensors

/// The validated header of a `.npy` file.
package struct NPYHeader: Equatable, Sendable {
  /// The longest header text that is read; NumPy writes 118 bytes for ordinary arrays.
  package static let byteLimit = 1 << 16

  /// Axes of an array; NumPy 2 has at most 64.
  package static let axisLimit = 64

  package let majorVersion: Int
  package let elementType: ElementType
  package let shape: [Int]
  /// The first axis is the one that varies fastest.
  package let isFortranOrder: Bool
  /// Where the array starts, from the start of the file.
  package let dataOffset: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  static let tensorName = "array"

  /// Whether `prefix` starts with the magic of `.npy`.
  package static func hasMagic(_ prefix: RawSpan) -> Bool {
    prefix.byteCount >= magic.count
      && magic.indices.allSatisfy { index in
        prefix.unsafeLoad(fromByteOffset: index, as: UInt8.self) == magic[index]
      }
  }

  /// Whether the array's bytes are row-major as they are: C order, or an order that makes no difference.
  package var isRowMajor: Bool {
    !isFortranOrder || shape.contains(0)
      || StridedCopy.isRowMajor(shape, strides: StridedCopy.columnMajor(shape))
  }

  /// Reads and checks the header at the start of `bytes`, and the size of the file against it.
  ///
  /// - Parameter bytes: the start of the file, up to 12 + ``byteLimit`` bytes of it.
  /// - Throws: `unrecognised`, `unknownNPYVersion`, `truncated`, `limitExceeded`,
  ///   `invalidNPYHeader`, `unsupported`, `shapeOverflow`, `trailingBytes`.
  package static func parse(
    _ bytes: RawSpan, fileByteCount: Int
  ) throws(FormatError) -> NPYHeader {
    guard bytes.byteCount >= 8 else {
      throw FormatError(
        .truncated(what: "npy magic and version", needed: 8, available: bytes.byteCount), offset: 0)
    }
    guard hasMagic(bytes) else {
      throw FormatError(
        .unrecognised(expected: "the npy magic bytes", advice: "write it with numpy.save"),
        offset: 0)
    }
    let major = Int(bytes.unsafeLoad(fromByteOffset: 6, as: UInt8.self))
    let minor = Int(bytes.unsafeLoad(fromByteOffset: 7, as: UInt8.self))
    guard (1...3).contains(major), minor == 0 else {
      throw FormatError(.unknownNPYVersion(major: major, minor: minor), offset: 6)
    }
    let (start, length) = try textRange(bytes, major: major)
    guard length <= fileByteCount - start, length <= bytes.byteCount - start else {
      throw FormatError(
        .truncated(what: "npy header", needed: length, available: fileByteCount - start),
        offset: start)
    }
    let dataOffset = start + length
    var parser = NPYLiteralParser(offset: start, end: dataOffset)
    let fields = try parser.parse(bytes)
    let type = try NPYDescriptor.elementType(fields.descriptor)
    guard fields.shape.count <= axisLimit else {
      throw FormatError(
        .limitExceeded(what: "axes of the array", found: fields.shape.count, limit: axisLimit))
    }
    let expected = try SafetensorsHeader.byteCount(of: fields.shape, type, tensor: tensorName)
    let available = fileByteCount - dataOffset
    guard available >= expected else {
      throw FormatError(
        .truncated(what: "npy array", needed: expected, available: available), offset: dataOffset)
    }
    guard available == expected else {
      throw FormatError(.trailingBytes(count: available - expected))
    }
    return NPYHeader(
      majorVersion: major, elementType: type, shape: fields.shape,
      isFortranOrder: fields.isFortranOrder, dataOffset: dataOffset)
  }

  /// Where the header text starts and how long it says it is.
  private static func textRange(
    _ bytes: RawSpan, major: Int
  ) throws(FormatError) -> (start: Int, length: Int) {
    let start = major == 1 ? 10 : 12
    guard bytes.byteCount >= start else {
      throw FormatError(
        .truncated(
          what: "npy header length", needed: start - 8, available: bytes.byteCount - 8), offset: 8)
    }
    let length =
      major == 1
      ? Int(UInt16(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    guard length <= byteLimit else {
      throw FormatError(
        .limitExceeded(what: "npy header bytes", found: length, limit: byteLimit), offset: 8)
    }
    return (start, length)
  }
}
