import Steering

/// The entries of a bank that mark one document, in the order in which they were drawn.
///
/// Every ordered choice of distinct entries has the same probability in a draw. As many are steered up as down, or
/// one more of either: what moves with every entry alike would tell no choice from another.
public struct MarkSelection: Sendable, Hashable {
  /// Numbers of the entries, distinct, from 0; as many as the key's `count`.
  public let entries: [Int]
  /// +1 or -1 for each of `entries`: whether it is steered up or down.
  public let signs: [Int]

  /// Draws `count` of `entryCount` entries; traps unless 1 <= `count` <= `entryCount`.
  ///
  /// A partial Fisher-Yates shuffle of 0 to `entryCount` - 1: place i, from the first on, changes with
  /// place i + uniform(below: `entryCount` - i). Of them the first (`count` + b)/2, rounded down, are steered up and the
  /// rest down, with b the lowest bit of the next byte.
  package init(count: Int, among entryCount: Int, from stream: inout some ByteStream) {
    precondition(count >= 1 && count <= entryCount, "count must be 1 to entryCount")
    var pool = Array(0..<entryCount)
    for index in 0..<count {
      let other = index + Int(stream.uniform(below: UInt64(entryCount - index)))
      pool.swapAt(index, other)
    }
    entries = Array(pool[..<count])
    let upCount = (count + Int(stream.nextByte() & 1)) / 2
    signs = (0..<count).map { $0 < upCount ? 1 : -1 }
  }
}

extension WatermarkKey {
  /// The entries, with their signs, that this key chooses for a document among `entryCount`.
  ///
  /// `draws` choices are drawn one after the other from the key's stream of the document; the one of least
  /// `cost` is taken, the earliest of equal ones.
  ///
  /// - Complexity: O(`draws` · `entryCount`).
  /// - Throws: `invalidArgument` when there are fewer entries than the key chooses, or when the identifier
  ///   is of another scheme than the key's.
  package func selection(
    of document: DocumentIdentifier, among entryCount: Int, draws: Int = 1,
    cost: (MarkSelection) -> Double = { _ in 0 }
  ) throws(SteeringError) -> MarkSelection {
    guard document.scheme == documents.name else {
      throw SteeringError(
        .invalidArgument,
        "document identifier is of scheme '\(document.scheme)', expected '\(documents.name)' of"
          + " key '\(id)'")
    }
    guard count <= entryCount else {
      throw SteeringError(
        .invalidArgument,
        "key '\(id)' chooses \(count) entries, expected at most \(entryCount), which the bank has")
    }
    var stream = KeyStream(secret: secret, document: document)
    return MarkSelection(
      leastOf: draws, count: count, among: entryCount, from: &stream, cost: cost)
  }
}

extension MarkSelection {
  /// Of `draws` choices, drawn one after the other, the one of least `cost`, the earliest of equal ones.
  init(
    leastOf draws: Int, count: Int, among entryCount: Int, from stream: inout some ByteStream,
    cost: (MarkSelection) -> Double
  ) {
    self.init(count: count, among: entryCount, from: &stream)
    var least = cost(self)
    for _ in 1..<max(draws, 1) {
      let next = MarkSelection(count: count, among: entryCount, from: &stream)
      let other = cost(next)
      if other < least { (self, least) = (next, other) }
    }
  }
}
