import Steering

extension MarkSelection {
  /// A choice that does not come from a key, for trials.
  ///
  /// - Throws: `invalidArgument` unless the entries are distinct, 0 or more, at least one, and have a sign
  ///   of +1 or -1 each.
  public init(entries: [Int], signs: [Int]) throws(SteeringError) {
    guard !entries.isEmpty, entries.count == signs.count else {
      throw SteeringError(
        .invalidArgument,
        "selection has \(entries.count) entries and \(signs.count) signs, expected one sign for each"
          + " of one entry or more")
    }
    guard Set(entries).count == entries.count, entries.allSatisfy({ $0 >= 0 }) else {
      throw SteeringError(
        .invalidArgument, "selection has an entry twice or below 0, expected distinct entries")
    }
    guard signs.allSatisfy({ $0 == 1 || $0 == -1 }) else {
      throw SteeringError(.invalidArgument, "selection has another sign than +1 or -1")
    }
    self.entries = entries
    self.signs = signs
  }

  /// Throws unless all entries are among `entryCount`.
  func check(among entryCount: Int) throws(SteeringError) {
    guard entries.allSatisfy({ $0 < entryCount }) else {
      throw SteeringError(
        .invalidArgument,
        "selection has an entry that does not exist, expected 0 to \(entryCount - 1)")
    }
  }
}
