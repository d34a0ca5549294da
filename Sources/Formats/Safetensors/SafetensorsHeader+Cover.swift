import Tensors

extension SafetensorsHeader {
  /// Sorted by where they begin, then end; equal ones (empty tensors) stay in file order.
  static func inOffsetOrder(_ entries: [Entry]) -> [Entry] {
    entries.enumerated().sorted { left, right in
      (left.element.begin, left.element.end, left.offset)
        < (right.element.begin, right.element.end, right.offset)
    }.map(\.element)
  }

  /// Checks that sorted entries cover the data exactly once, each with the size of its shape.
  ///
  /// One rule against aliasing, hidden bytes and files of two formats.
  /// - Throws: `hole`, `overlap`, `reversedOffsets`, `shapeOverflow`, `sizeMismatch`, `truncated`,
  ///   `trailingBytes`.
  static func checkCover(_ entries: [Entry], dataByteCount: Int) throws(FormatError) {
    var covered = 0
    for entry in entries {
      guard entry.begin <= covered else {
        throw FormatError(.hole(tensor: entry.name, begin: entry.begin, expected: covered))
      }
      guard entry.begin == covered else {
        throw FormatError(.overlap(tensor: entry.name, begin: entry.begin, expected: covered))
      }
      guard entry.end >= entry.begin else {
        throw FormatError(
          .reversedOffsets(tensor: entry.name, begin: entry.begin, end: entry.end))
      }
      let expected = try byteCount(of: entry.shape, entry.elementType, tensor: entry.name)
      guard entry.end - entry.begin == expected else {
        throw FormatError(
          .sizeMismatch(
            tensor: entry.name, found: entry.end - entry.begin, expected: expected))
      }
      covered = entry.end
    }
    guard covered <= dataByteCount else {
      throw FormatError(
        .truncated(what: "tensor data", needed: covered, available: dataByteCount))
    }
    guard covered == dataByteCount else {
      throw FormatError(.trailingBytes(count: dataByteCount - covered))
    }
  }

  /// The bytes of an array, with checked multiplications.
  ///
  /// - Throws: `shapeOverflow`.
  static func byteCount(
    of shape: [Int], _ type: ElementType, tensor: String
  ) throws(FormatError) -> Int {
    guard let count = Tensor.elementCount(of: shape),
      case (let bytes, let overflow) = count.multipliedReportingOverflow(by: type.byteCount),
      !overflow
    else { throw FormatError(.shapeOverflow(tensor: tensor, shape: shape)) }
    return bytes
  }
}
