import CMessageDigest

/// SHA-256 (FIPS 180-4) of a run of values, fed piece by piece.
///
/// Integers and floats are fed as little-endian bits, texts with their length, so that no two different
/// runs of values feed the same bytes.
package struct Digest {
  private var context = SHA2_CTX()

  package init() { SHA256Init(&context) }

  package mutating func update(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { update($0) }
  }

  package mutating func update(_ value: Int) { update(UInt64(bitPattern: Int64(value))) }

  package mutating func update(_ value: Float) { update(UInt64(value.bitPattern)) }

  package mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      update(bytes.count)
      update(UnsafeRawBufferPointer(bytes))
    }
  }

  package mutating func update(_ values: [Float]) {
    update(values.count)
    values.withUnsafeBytes { update($0) }
  }

  package mutating func update(_ bytes: [UInt8]) {
    update(bytes.count)
    bytes.withUnsafeBytes { update($0) }
  }

  /// These bytes alone, without their number: what any other SHA-256 of them gives.
  package mutating func update(raw bytes: RawSpan) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Shape, element type and elements.
  package mutating func update(_ matrix: RowMatrix) {
    update(matrix.elementType.rawValue)
    update(matrix.rowCount)
    update(matrix.width)
    update(UnsafeRawBufferPointer(start: matrix.tensor.base, count: matrix.byteCount))
  }

  /// The 32 bytes; nothing may be fed afterwards.
  package mutating func finish() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    SHA256Final(&bytes, &context)
    return bytes
  }

  private mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    SHA256Update(&context, base.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}
