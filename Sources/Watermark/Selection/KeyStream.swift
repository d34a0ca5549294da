/// Bytes that only who knows the key can tell from chance: HMAC-SHA256 in counter mode.
///
/// seed = HMAC(secret, "steering-watermark-selection/1" ‖ 0x00 ‖ canonical document identifier), and
/// block i = HMAC(seed, i as a 64-bit big-endian number), i from 0. The same key and document give the
/// same bytes on every machine and in every version: texts that were marked long ago stay readable.
package struct KeyStream: ByteStream {
  /// What separates this use of a secret from all others.
  package static let label = "steering-watermark-selection/1"

  private let authenticator: HMACSHA256
  private var block: [UInt8] = []
  private var position = 0
  private var counter: UInt64 = 0

  package init(secret: Secret, document: DocumentIdentifier) {
    var message = secret.authenticator
    message.update(KeyStream.label)
    message.update([0])
    message.update(document.canonicalBytes)
    var seed = message.finish()
    authenticator = HMACSHA256(key: seed)
    Wiping.wipe(&seed)
  }

  /// The next byte.
  package mutating func nextByte() -> UInt8 {
    if position == block.count {
      block = authenticator.authenticate(CanonicalBytes.bigEndian(counter))
      counter += 1
      position = 0
    }
    defer { position += 1 }
    return block[position]
  }

  /// The next eight bytes, the most significant first.
  package mutating func next() -> UInt64 {
    var word: UInt64 = 0
    for _ in 0..<8 { word = word << 8 | UInt64(nextByte()) }
    return word
  }
}
