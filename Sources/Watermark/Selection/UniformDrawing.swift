extension RandomNumberGenerator {
  /// A number from 0 to `bound` - 1, each with the same probability; traps when `bound` is 0.
  ///
  /// The 2⁶⁴ words do not divide evenly among `bound` numbers: the first 2⁶⁴ mod `bound` of them are
  /// drawn again, and the rest, a multiple of `bound`, are taken modulo `bound`. The standard library's
  /// way may change between versions; a selection may not.
  ///
  /// - Complexity: fewer than 2 words on average.
  package mutating func uniform(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "the bound must be above 0")
    let excess = (0 &- bound) % bound
    while true {
      let word: UInt64 = next()
      if word >= excess { return word % bound }
    }
  }
}
