/// 64 bits by which a document is recognised in another split: of its token ids, its text, or its codes.
///
/// The first 8 bytes, big-endian, of a SHA-256 over what the source knows best; see the reader for which.
public struct DocumentIdentity: Hashable, Sendable, Comparable {
  /// The bits.
  public let bits: UInt64

  /// An identity from its bits.
  public init(bits: UInt64) { self.bits = bits }

  /// Order of the bits.
  public static func < (one: DocumentIdentity, other: DocumentIdentity) -> Bool {
    one.bits < other.bits
  }
}
