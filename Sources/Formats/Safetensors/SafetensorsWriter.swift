import Tensors

/// Writes a safetensors file whose layout is known beforehand, tensor by tensor, in any order.
///
/// The data starts at a multiple of 64 bytes. Tensors are laid out by element size, largest first,
/// then in the order given, so every tensor is aligned to its element without a hole. Memory: the
/// header. Nothing appears under the path until ``finish()``.
///
/// Thread rule: one thread at a time.
package final class SafetensorsWriter {
  /// What one tensor will be.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let elementType: ElementType
    package let shape: [Int]

    package init(_ name: String, _ elementType: ElementType, shape: [Int]) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
    }
  }

  package let entries: [Entry]
  /// Where tensor data starts, from the start of the file.
  package let dataOffset: Int
  private let output: OutputFile
  /// Bytes from `dataOffset`, per entry, in the caller's order.
  private let extents: [Range<Int>]
  private var written: [WrittenRanges]
  private var cursors: [Int]

  /// Starts a file and writes its header.
  ///
  /// - Throws: `duplicateTensor`, `duplicateKey` (metadata), `outOfRange` for a reserved name,
  ///   `shapeOverflow`, `headerTooLarge`, and what ``OutputFile`` throws.
  package init(
    path: String, entries: [Entry], metadata: [(key: String, value: String)] = []
  ) throws(FormatError) {
    do throws(FormatError) {
      extents = try SafetensorsWriter.layout(entries)
      let json = try SafetensorsWriter.header(entries, extents, metadata)
      self.entries = entries
      dataOffset = 8 + json.count
      written = Array(repeating: WrittenRanges(), count: entries.count)
      cursors = Array(repeating: 0, count: entries.count)
      output = try OutputFile.create(path)
      let length = UInt64(json.count)
      try output.write((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
      try output.write(json)
    } catch {
      throw error.at(path: path)
    }
  }

  /// Writes `bytes` of entry `index`, from byte `offset` of that tensor.
  ///
  /// - Throws: `outOfRange` when they do not lie inside the tensor; what ``OutputFile`` throws.
  package func write(
    _ bytes: RawSpan, to index: Int, atByte offset: Int
  ) throws(FormatError) {
    let extent = extents[index]
    guard offset >= 0, offset <= extent.count, bytes.byteCount <= extent.count - offset else {
      throw FormatError(
        .outOfRange(
          field: "bytes written", found: "\(bytes.byteCount) bytes at \(offset)",
          expected: "0...\(extent.count)", tensor: entries[index].name),
        path: output.path)
    }
    guard !bytes.isEmpty else { return }
    try output.write(bytes, at: dataOffset + extent.lowerBound + offset)
    written[index].insert(offset..<(offset + bytes.byteCount))
  }

  /// Writes `bytes` of entry `index` after those appended to it before.
  package func append(_ bytes: RawSpan, to index: Int) throws(FormatError) {
    try write(bytes, to: index, atByte: cursors[index])
    cursors[index] += bytes.byteCount
  }

  /// Puts the complete file under its path; nothing may be written afterwards.
  ///
  /// - Throws: `incompleteTensor` for the first entry with bytes missing; what ``OutputFile``
  ///   throws. The target is then untouched.
  package func finish() throws(FormatError) {
    for (index, extent) in extents.enumerated() where written[index].byteCount != extent.count {
      output.discard()
      throw FormatError(
        .incompleteTensor(
          tensor: entries[index].name, written: written[index].byteCount, expected: extent.count),
        path: output.path)
    }
    try output.commit()
  }
}
