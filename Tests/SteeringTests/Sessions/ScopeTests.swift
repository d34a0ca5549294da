import Steering
import Testing
import TestSupport

@Suite struct ScopeTests {
  struct Case: Sendable {
    var scope: Scope
    var promptLength: Int
    var covered: [Int]

    init(_ scope: Scope, prompt: Int = .max, _ covered: [Int]) {
      self.scope = scope
      promptLength = prompt
      self.covered = covered
    }
  }

  static let cases = [
    Case(Scope(), [0, 1, 2, 3, 4, 5, 6, 7]),
    Case(Scope(skipFirst: 1), [1, 2, 3, 4, 5, 6, 7]),
    Case(Scope(skipFirst: 99), []),
    Case(Scope(ranges: [2..<4]), [2, 3]),
    Case(Scope(ranges: [0..<1, 5..<6, 5..<7]), [0, 5, 6]),
    Case(Scope(skipFirst: 3, ranges: [2..<5]), [3, 4]),
    Case(Scope(phase: .prompt), prompt: 3, [0, 1, 2]),
    Case(Scope(phase: .generated), prompt: 3, [3, 4, 5, 6, 7]),
    Case(Scope(phase: .generated), prompt: 0, [0, 1, 2, 3, 4, 5, 6, 7]),
    Case(Scope(phase: .prompt), prompt: 0, []),
    Case(Scope(phase: .prompt), [0, 1, 2, 3, 4, 5, 6, 7]),
    Case(Scope(skipFirst: 1, ranges: [0..<6], phase: .generated), prompt: 4, [4, 5]),
  ]

  @Test(arguments: cases)
  func editsExactlyTheCoveredRows(_ example: Case) throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let edit = Intervention(feature: 4, alpha: 3)
    // Through the plan's scope, and through the intervention's own, which replaces the plan's.
    var own = edit
    own.scope = example.scope
    let documents = [
      PlanDocument([edit], scope: example.scope), PlanDocument([own], scope: Scope(skipFirst: 77)),
    ]
    for document in documents {
      let session = Session(
        try Plan(document, dictionary: dictionary), promptLength: example.promptLength)
      var covered: [Int] = []
      for (position, row) in sample.rows(8).enumerated() {
        #expect(session.position == position)
        var changed = row
        let outcome = try session.apply(toArray: &changed).outcome
        #expect((outcome == .edited) == (bits(changed) != bits(row)))
        if outcome == .edited { covered.append(position) }
      }
      #expect(covered == example.covered)
      #expect(session.position == 8)
    }
  }

  @Test func seekMovesThePosition() throws {
    let sample = Sample.all[0]
    let plan = try Plan(
      PlanDocument([Intervention(feature: 4, alpha: 3)], scope: Scope(ranges: [10..<11])),
      dictionary: try sample.dictionary())
    let session = Session(plan)
    var row = sample.rows(1)[0]
    #expect(try session.apply(toArray: &row).outcome == .untouched)
    session.seek(to: 10)
    #expect(try session.apply(toArray: &row).outcome == .edited)
    #expect(session.position == 11)
    session.seek(to: 10)
    #expect(try session.apply(toArray: &row).outcome == .edited)
  }

  @Test func promptLengthMayChangeWhileRunning() throws {
    let sample = Sample.all[0]
    let plan = try Plan(
      PlanDocument([Intervention(feature: 4, alpha: 3)], scope: Scope(phase: .generated)),
      dictionary: try sample.dictionary())
    let session = Session(plan)
    var row = sample.rows(1)[0]
    #expect(try session.apply(toArray: &row).outcome == .untouched)
    session.promptLength = 1
    #expect(try session.apply(toArray: &row).outcome == .edited)
  }

  @Test func lastPositionIsSurvived() throws {
    let sample = Sample.all[0]
    let plan = try Plan(
      PlanDocument([Intervention(feature: 4, alpha: 3)]), dictionary: try sample.dictionary())
    let session = Session(plan)
    session.seek(to: .max)
    var row = sample.rows(1)[0]
    #expect(try session.apply(toArray: &row).outcome == .edited)
    #expect(session.position == .max)
  }

  @Test func negativePositionIsABug() async {
    await #expect(processExitsWith: .failure) {
      let sample = Sample.all[0]
      let plan = try Plan(
        PlanDocument([Intervention(feature: 4, alpha: 3)]), dictionary: try sample.dictionary())
      Session(plan).seek(to: -1)
    }
  }
}
