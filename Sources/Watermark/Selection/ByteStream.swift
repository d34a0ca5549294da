/// Random bytes that choices are drawn from.
package protocol ByteStream: RandomNumberGenerator {
  /// The next byte.
  mutating func nextByte() -> UInt8
}

/// SplitMix64 (Steele, Lea and Flood 2014), for choices that need no secret.
///
/// The same bytes on every machine and in every version: what is computed from them takes part in verdicts.
package struct PublicStream: ByteStream {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// The highest byte of the next word.
  package mutating func nextByte() -> UInt8 { UInt8(next() >> 56) }
}
