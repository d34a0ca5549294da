import Tensors

extension GGUFHeader {
  /// Reads the descriptions of all tensors and checks that each begins where the one before it ended,
  /// padded to the alignment.
  static func entries(
    _ count: Int, alignment: Int, _ cursor: inout GGUFCursor, _ bytes: RawSpan
  ) throws(FormatError) -> [Entry] {
    var entries: [Entry] = []
    var seen: Set<[UInt8]> = []
    var next = 0
    for _ in 0..<count {
      let start = cursor.offset
      let name = try cursor.string("a tensor's name", limit: nameLimit, bytes)
      guard seen.insert(Array(name.utf8)).inserted else {
        throw FormatError(.duplicateTensor(name: name), offset: start)
      }
      let shapeOffset = cursor.offset
      let shape = try shape(of: name, &cursor, bytes)
      let type = try type(of: name, &cursor, bytes)
      let size = try byteCount(of: shape, type, tensor: name, offset: shapeOffset)
      let place = cursor.offset
      let begin = try cursor.count(
        "offset of tensor \(MessageText.quoted(name))", limit: .max, bytes)
      guard begin <= next else {
        throw FormatError(.hole(tensor: name, begin: begin, expected: next), offset: place)
      }
      guard begin == next else {
        throw FormatError(.overlap(tensor: name, begin: begin, expected: next), offset: place)
      }
      let (end, overflow) = begin.addingReportingOverflow(size)
      guard !overflow, end <= Int.max - alignmentLimit else {
        throw FormatError(.shapeOverflow(tensor: name, shape: shape), offset: shapeOffset)
      }
      next = aligned(end, to: alignment)
      entries.append(
        Entry(
          name: name, type: type, shape: shape, begin: begin, byteCount: size, infoOffset: start))
    }
    return entries
  }

  private static func shape(
    of name: String, _ cursor: inout GGUFCursor, _ bytes: RawSpan
  ) throws(FormatError) -> [Int] {
    let start = cursor.offset
    let axes = try cursor.integer(
      UInt32.self, "number of axes of tensor \(MessageText.quoted(name))", bytes)
    guard axes <= 4 else {
      throw FormatError(
        .outOfRange(
          field: "number of axes", found: String(axes), expected: "0 to 4", tensor: name),
        offset: start)
    }
    var shape: [Int] = []
    for _ in 0..<axes {
      shape.append(
        try cursor.count("an axis of tensor \(MessageText.quoted(name))", limit: .max, bytes))
    }
    return shape.reversed()
  }

  private static func type(
    of name: String, _ cursor: inout GGUFCursor, _ bytes: RawSpan
  ) throws(FormatError) -> GGMLType {
    let start = cursor.offset
    let raw = try cursor.integer(
      UInt32.self, "type of tensor \(MessageText.quoted(name))", bytes)
    guard let type = GGMLType(rawValue: raw) else {
      throw FormatError(
        .unknownElementType(
          tensor: name, found: "ggml type \(raw)", accepted: GGMLType.allCases.map(\.name)),
        offset: start)
    }
    return type
  }

  /// The bytes of a tensor, with checked multiplications.
  private static func byteCount(
    of shape: [Int], _ type: GGMLType, tensor: String, offset: Int
  ) throws(FormatError) -> Int {
    let rowLength = shape.last ?? 1
    guard rowLength % type.blockLength == 0 else {
      throw FormatError(
        .wrongShape(
          tensor: tensor, found: shape,
          expected: "a last length that is a multiple of \(type.blockLength) for \(type.name)"),
        offset: offset)
    }
    guard let count = Tensor.elementCount(of: shape),
      case (let bytes, let overflow) = (count / type.blockLength).multipliedReportingOverflow(
        by: type.blockByteCount), !overflow
    else { throw FormatError(.shapeOverflow(tensor: tensor, shape: shape), offset: offset) }
    return bytes
  }

  /// Checks that the file ends with the last tensor, or with the padding after it.
  static func checkEnd(
    _ tensors: [Entry], headerEnd: Int, dataOffset: Int, alignment: Int, fileByteCount: Int
  ) throws(FormatError) {
    guard let last = tensors.last else {
      guard fileByteCount <= dataOffset else {
        throw FormatError(.trailingBytes(count: fileByteCount - dataOffset), offset: dataOffset)
      }
      return
    }
    let needed = last.begin + last.byteCount
    let available = fileByteCount - dataOffset
    guard needed > 0 || available >= 0 else {
      throw FormatError(
        .truncated(
          what: "padding before tensor data", needed: dataOffset - headerEnd,
          available: fileByteCount - headerEnd), offset: headerEnd)
    }
    guard needed <= available else {
      throw FormatError(
        .truncated(what: "tensor data", needed: needed, available: max(0, available)),
        offset: min(dataOffset, fileByteCount))
    }
    let end = aligned(needed, to: alignment)
    guard available <= end else {
      throw FormatError(.trailingBytes(count: available - end), offset: dataOffset + end)
    }
  }
}
