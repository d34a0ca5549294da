/// Values as bytes, each with its length in front, so that no two different lists give the same bytes.
package struct CanonicalBytes {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// The number of bytes as a 64-bit big-endian integer, then the bytes.
  package mutating func append(_ value: [UInt8]) {
    bytes += CanonicalBytes.bigEndian(UInt64(value.count))
    bytes += value
  }

  /// The UTF-8 bytes of a text, as it is: no Unicode normalisation.
  package mutating func append(_ text: String) { append(Array(text.utf8)) }

  /// A signed 64-bit big-endian integer, which is 8 bytes long.
  package mutating func append(_ value: Int) {
    append(CanonicalBytes.bigEndian(UInt64(bitPattern: Int64(value))))
  }

  /// The eight bytes of a number, the most significant first.
  package static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }
}
