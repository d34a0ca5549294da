import Tensors

/// HMAC with SHA-256 (RFC 2104) of a message that is fed in parts.
///
/// `SHA-256((K ⊕ opad) ‖ SHA-256((K ⊕ ipad) ‖ message))`, where K is the key filled up with zeros to
/// the 64 bytes of a block, or its SHA-256 when it is longer. A copy continues on its own, so that a
/// keyed value can be kept and used for many messages.
package struct HMACSHA256 {
  /// Bytes of the result.
  package static let byteCount = 32
  private static let blockSize = 64

  private var inner = Digest()
  private var outer = Digest()

  /// Starts a message under a key of any length.
  package init(key: RawSpan) {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    if key.byteCount > Self.blockSize {
      var digest = Digest()
      digest.update(raw: key)
      var hashed = digest.finish()
      block.replaceSubrange(0..<hashed.count, with: hashed)
      Wiping.wipe(&hashed)
    } else {
      for index in 0..<key.byteCount {
        block[index] = key.byte(at: index)
      }
    }
    for index in block.indices { block[index] ^= 0x36 }
    inner.update(raw: block.span.bytes)
    for index in block.indices { block[index] ^= 0x36 ^ 0x5c }
    outer.update(raw: block.span.bytes)
    Wiping.wipe(&block)
  }

  /// Starts a message under a key of any length.
  package init(key: [UInt8]) { self.init(key: key.span.bytes) }

  /// Feeds more of the message; how it is cut into parts makes no difference.
  package mutating func update(_ bytes: [UInt8]) { inner.update(raw: bytes.span.bytes) }

  /// Feeds the UTF-8 bytes of a text, without their number.
  package mutating func update(_ text: String) { update(Array(text.utf8)) }

  /// The 32 bytes; nothing may be fed afterwards.
  package mutating func finish() -> [UInt8] {
    outer.update(raw: inner.finish().span.bytes)
    return outer.finish()
  }

  /// The 32 bytes of a whole message under this key; this value stays as it is.
  package func authenticate(_ message: [UInt8]) -> [UInt8] {
    var copy = self
    copy.update(message)
    return copy.finish()
  }
}
