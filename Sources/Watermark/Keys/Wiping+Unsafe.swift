import Glibc

/// Overwriting of memory that held something secret.
enum Wiping {
  /// Sets every byte to 0 in a way that the compiler may not leave out.
  ///
  /// Copies that were made of the array before are not reached.
  static func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      explicit_bzero(base, buffer.count)
    }
  }
}

extension RawSpan {
  /// The byte at `index`, which must be inside.
  func byte(at index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
