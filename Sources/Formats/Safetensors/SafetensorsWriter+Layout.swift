import Tensors

extension SafetensorsWriter {
  /// Where each entry goes, from the start of the data, in the order of `entries`.
  ///
  /// Larger elements first: every start is then a multiple of the element that starts there.
  static func layout(_ entries: [Entry]) throws(FormatError) -> [Range<Int>] {
    var seen: Set<String> = []
    for entry in entries {
      guard entry.name != SafetensorsHeader.metadataKey, !entry.name.utf8.contains(0) else {
        throw FormatError(
          .outOfRange(
            field: "tensor name", found: entry.name,
            expected: "a name without U+0000 other than \(SafetensorsHeader.metadataKey)"))
      }
      guard seen.insert(entry.name).inserted else {
        throw FormatError(.duplicateTensor(name: entry.name))
      }
    }
    let order = entries.indices.sorted { left, right in
      (entries[right].elementType.byteCount, left) < (entries[left].elementType.byteCount, right)
    }
    var extents = Array(repeating: 0..<0, count: entries.count)
    var end = 0
    for index in order {
      let entry = entries[index]
      let byteCount = try SafetensorsHeader.byteCount(
        of: entry.shape, entry.elementType, tensor: entry.name)
      let (next, overflow) = end.addingReportingOverflow(byteCount)
      guard !overflow else {
        throw FormatError(.shapeOverflow(tensor: entry.name, shape: entry.shape))
      }
      extents[index] = end..<next
      end = next
    }
    return extents
  }

  /// The JSON header, padded with spaces so that the data starts at a multiple of 64.
  ///
  /// It is read back before it is used: what is written here can be read here.
  static func header(
    _ entries: [Entry], _ extents: [Range<Int>], _ metadata: [(key: String, value: String)]
  ) throws(FormatError) -> [UInt8] {
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      let pairs = metadata.map { JSONValue.Member($0.key, .string($0.value)) }
      members.append(.init(SafetensorsHeader.metadataKey, .object(pairs)))
    }
    for index in entries.indices.sorted(by: { extents[$0].lowerBound < extents[$1].lowerBound }) {
      members.append(.init(entries[index].name, description(entries[index], extents[index])))
    }
    var json = Array(JSONValue.object(members).serialised().utf8)
    json += Array(repeating: UInt8(ascii: " "), count: (64 - (8 + json.count) % 64) % 64)
    guard json.count <= SafetensorsHeader.byteLimit else {
      throw FormatError(
        .headerTooLarge(found: json.count, limit: SafetensorsHeader.byteLimit))
    }
    let end = extents.map(\.upperBound).max() ?? 0
    _ = try SafetensorsHeader.parse(json.span.bytes, dataByteCount: end)
    return json
  }

  private static func description(_ entry: Entry, _ extent: Range<Int>) -> JSONValue {
    [
      "dtype": .string(entry.elementType.rawValue),
      "shape": .array(entry.shape.map { .integer(Int64($0)) }),
      "data_offsets": [.integer(Int64(extent.lowerBound)), .integer(Int64(extent.upperBound))],
    ]
  }
}
