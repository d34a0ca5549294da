import Steering
import TestSupport
import Testing

@Suite struct CoveredPositionsTests {
  /// Random scopes over few positions, against looking at every position.
  @Test func agreesWithEveryPosition() {
    var generator = SplitMix64(seed: 5)
    func scope() -> Scope {
      let ranges = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
        let start = Int.random(in: 0..<20, using: &generator)
        return start..<(start + Int.random(in: 1...6, using: &generator))
      }
      let phase = Scope.Phase.allCases.randomElement(using: &generator) ?? .all
      return Scope(
        skipFirst: Int.random(in: 0...12, using: &generator), ranges: ranges, phase: phase)
    }
    var disjoint = 0
    for _ in 0..<5_000 {
      let (a, b) = (scope(), scope())
      let meets = [0, 9, 40].contains { promptLength in
        (0..<40).contains {
          a.contains(position: $0, promptLength: promptLength)
            && b.contains(position: $0, promptLength: promptLength)
        }
      }
      let covered = (CoveredPositions(a), CoveredPositions(b))
      #expect(covered.0.isDisjoint(from: covered.1) == !meets, "\(a) and \(b)")
      #expect(covered.1.isDisjoint(from: covered.0) == !meets)
      disjoint += meets ? 0 : 1
    }
    #expect(disjoint > 500 && disjoint < 4_500)
  }

  @Test func rangesAreSortedJoinedAndCut() {
    let covered = CoveredPositions(Scope(skipFirst: 3, ranges: [9..<12, 1..<5, 5..<7, 10..<11]))
    #expect(covered.ranges == [3..<7, 9..<12])
    #expect(CoveredPositions(Scope(skipFirst: 4)).ranges == [4..<Int.max])
    #expect(CoveredPositions(Scope(skipFirst: 9, ranges: [1..<5])).ranges == [])
  }

  /// As many interventions on one feature, and as many ranges, as a plan may have. Compared pair by
  /// pair and range by range this took hours.
  @Test(.timeLimit(.minutes(1))) func largestPlansAreCheckedInTime() throws {
    let dictionary = try Sample.all[0].dictionary()
    let ranges = (0..<10_000).map { (2 * $0)..<(2 * $0 + 1) }
    let skipped = Scope(skipFirst: 1_000_000, ranges: ranges)
    let many = (0..<10_000).map { Intervention(feature: $0 / 500, mode: .scale, alpha: 2) }
    let plan = try Plan(PlanDocument(many, scope: skipped), dictionary: dictionary)
    #expect(try plan.fingerprint().count == 32)
    #expect(!Session(plan).covers(7))
  }

  @Test func orderAndOverlapOfRangesDoNotCount() throws {
    func fingerprint(_ ranges: [Range<Int>], _ alpha: Double = 1) throws -> [UInt8] {
      try Plan(
        PlanDocument([Intervention(feature: 3, alpha: alpha)], scope: Scope(ranges: ranges)),
        dictionary: try Sample.all[0].dictionary()
      ).fingerprint()
    }
    let expected = try fingerprint([1..<5, 7..<9])
    #expect(try fingerprint([7..<9, 3..<5, 1..<4]) == expected)
    #expect(try fingerprint([1..<5, 7..<10]) != expected)
    #expect(try fingerprint([1..<5], -0.0) == fingerprint([1..<5], 0))
  }
}
