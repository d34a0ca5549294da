import Steering
import Testing
import Watermark

@Suite struct MarkSelectionTests {
  static let documentCount = 20_000

  /// Selections of 3 of 7 entries for many documents.
  private static func selections() throws -> [MarkSelection] {
    let key = try testKey(count: 3)
    return try (0..<documentCount).map { number throws(SteeringError) in
      try key.selection(of: .given("document-\(number)"), among: 7)
    }
  }

  @Test func entriesAreDistinctAndInRange() throws {
    for selection in try Self.selections().prefix(1_000) {
      #expect(Set(selection.entries).count == 3)
      #expect(selection.entries.allSatisfy { (0..<7).contains($0) })
      #expect(selection.signs.count == 3)
      #expect(selection.signs.allSatisfy { abs($0) == 1 })
    }
    let whole = try testKey(count: 40).selection(of: .given("a"), among: 40)
    #expect(whole.entries.sorted() == Array(0..<40))
    #expect(whole.entries != Array(0..<40))
  }

  /// All 7 · 6 ordered pairs of places, and all 35 sets, come equally often.
  @Test func everyChoiceIsEquallyLikely() throws {
    let selections = try Self.selections()
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
      var pairs = [Int](repeating: 0, count: 49)
      for selection in selections {
        pairs[selection.entries[first] * 7 + selection.entries[second]] += 1
      }
      for entry in 0..<7 { #expect(pairs[entry * 8] == 0) }
      let ordered = pairs.indices.filter { $0 % 8 != 0 }.map { pairs[$0] }
      #expect(ordered.count == 42)
      #expect(chiSquared(ordered) < ChiSquared.limit(41))
    }
    var sets: [Set<Int>: Int] = [:]
    for selection in selections { sets[Set(selection.entries), default: 0] += 1 }
    #expect(sets.count == 35)
    #expect(chiSquared(Array(sets.values)) < ChiSquared.limit(34))
  }

  /// One or two of three are steered up, and every entry as often up as down.
  @Test func everySignIsEquallyLikely() throws {
    var upCounts = [Int](repeating: 0, count: 2)
    var signed = [Int](repeating: 0, count: 14)
    for selection in try Self.selections() {
      let ups = selection.signs.filter { $0 > 0 }.count
      #expect(ups == 1 || ups == 2)
      if ups == 1 || ups == 2 { upCounts[ups - 1] += 1 }
      // One of a selection's entries, for they depend on each other.
      let place = selection.entries.firstIndex(of: selection.entries.max() ?? 0) ?? 0
      signed[2 * selection.entries[place] + (selection.signs[place] > 0 ? 1 : 0)] += 1
    }
    #expect(chiSquared(upCounts) < ChiSquared.limit(1))
    for entry in 2..<7 {
      #expect(chiSquared(Array(signed[2 * entry..<2 * entry + 2])) < ChiSquared.limit(1))
    }
    let even = try testKey(count: 8)
    for number in 0..<200 {
      let choice = try even.selection(of: .given("\(number)"), among: 9)
      #expect(choice.signs.reduce(0, +) == 0)
    }
    #expect(
      try testKey(count: 1).selection(of: .given("a"), among: 9).signs.allSatisfy { abs($0) == 1 })
  }

  @Test func keyAndDocumentDecide() throws {
    let key = try testKey(count: 8)
    let first = try key.selection(of: .given("a"), among: 64)
    #expect(try key.selection(of: .given("a"), among: 64) == first)
    #expect(try key.selection(of: .given("b"), among: 64) != first)
    let other = try testKey(count: 8, secret: Array(101..<133))
    #expect(try other.selection(of: .given("a"), among: 64) != first)
    // What is known of a key in public has no part in it.
    let renamed = try testKey(id: "other", created: 5, count: 8)
    #expect(try renamed.selection(of: .given("a"), among: 64) == first)
    let retired = try key.retired(at: 1_800_000_000)
    #expect(try retired.selection(of: .given("a"), among: 64) == first)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let key = try testKey(count: 3)
    let small = refusal { () throws(SteeringError) in
      try key.selection(of: .given("a"), among: 2)
    }
    #expect(small?.code == .invalidArgument)
    #expect(
      small?.message
        == "key 'key-1' chooses 3 entries, expected at most 2, which the bank has")
    for count in [0, -1, Int.min] {
      #expect(
        refusal { () throws(SteeringError) in try key.selection(of: .given("a"), among: count) }
          != nil)
    }
    let scheme = refusal { () throws(SteeringError) in
      try key.selection(of: .prompt("a"), among: 9)
    }
    #expect(
      scheme?.message
        == "document identifier is of scheme 'prompt', expected 'given' of key 'key-1'")
  }

  @Test func identifiersNeverMeet() {
    let identifiers: [DocumentIdentifier] = [
      .given(""), .given("constant"), .given("prompt"), .given("e\u{301}"), .given("\u{e9}"),
      .prompt(""), .prompt("constant"), .window(0), .window(1), .window(-1), .constant,
      .given("\0\0\0\0\0\0\0\0"), .given("\0\0\0\0\0\0\0\u{1}"),
    ]
    #expect(Set(identifiers.map(\.canonicalBytes)).count == identifiers.count)
    #expect(Set(identifiers).count == identifiers.count)
    #expect(DocumentIdentifier.given("a") == .given("a"))
  }

  @Test func windowsAreCountedDownwards() {
    let pairs = [(0, 0), (59, 0), (60, 1), (61, 1), (-1, -1), (-60, -1), (-61, -2)]
    for (time, number) in pairs {
      #expect(DocumentIdentifier.window(at: time, seconds: 60) == .window(number))
    }
    #expect(DocumentIdentifier.window(at: .min, seconds: 1) == .window(.min))
  }

  @Test func impossibleNumbersAreBugs() async {
    await #expect(processExitsWith: .failure) {
      var stream = KeyStream(secret: Secret([UInt8](repeating: 0, count: 32)), document: .constant)
      _ = MarkSelection(count: 3, among: 2, from: &stream)
    }
    await #expect(processExitsWith: .failure) {
      var stream = KeyStream(secret: Secret([UInt8](repeating: 0, count: 32)), document: .constant)
      _ = MarkSelection(count: 0, among: 2, from: &stream)
    }
    await #expect(processExitsWith: .failure) { _ = DocumentIdentifier.window(at: 1, seconds: 0) }
  }
}
