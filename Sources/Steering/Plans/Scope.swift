/// Which rows of a sequence an intervention touches, by position; position 0 is the first token.
///
/// All conditions must hold.
public struct Scope: Sendable, Hashable {
  /// Which part of the sequence.
  public enum Phase: String, Sendable, CaseIterable {
    /// Prompt and generated tokens.
    case all
    /// Positions before the prompt's length.
    case prompt
    /// Positions from the prompt's length on.
    case generated
  }

  /// Positions below this are left alone; 1 skips BOS.
  public var skipFirst: Int
  /// Half-open position ranges; empty means everywhere.
  public var ranges: [Range<Int>]
  /// Which part of the sequence is covered.
  public var phase: Phase

  /// Makes a scope; the default covers every row.
  public init(skipFirst: Int = 0, ranges: [Range<Int>] = [], phase: Phase = .all) {
    self.skipFirst = skipFirst
    self.ranges = ranges
    self.phase = phase
  }

  /// Whether the row at `position` is covered, for a prompt of `promptLength` tokens.
  public func contains(position: Int, promptLength: Int) -> Bool {
    guard position >= skipFirst else { return false }
    switch phase {
    case .all: break
    case .prompt: guard position < promptLength else { return false }
    case .generated: guard position >= promptLength else { return false }
    }
    guard !ranges.isEmpty else { return true }
    for range in ranges where range.contains(position) { return true }
    return false
  }
}
