import Steering
import Testing

@Suite struct SessionStateTests {
  private func session() throws -> Session {
    let plan = try Plan(
      PlanDocument(
        [Intervention(feature: 3, strength: .unit, alpha: 1)], scope: Scope(phase: .generated)),
      dictionary: try Sample.all[0].dictionary())
    return Session(plan, promptLength: 2)
  }

  @Test func forkContinuesWhereItsOriginStands() throws {
    let origin = try session()
    for row in Sample.all[0].rows(3) {
      var row = row
      try origin.apply(toArray: &row)
    }
    let fork = origin.fork()
    #expect(fork.position == 3 && fork.promptLength == 2)
    #expect(fork.counts == origin.counts)
    #expect(fork.counts.rowsEdited == 1)
    var row = Sample.all[0].rows(1)[0]
    #expect(try fork.apply(toArray: &row).outcome == .edited)
    #expect(origin.position == 3 && fork.position == 4)
  }

  @Test func assignmentCopiesTheState() throws {
    let (a, b) = (try session(), try session())
    #expect(a.plan !== b.plan)
    let c = Session(a.plan)
    a.seek(to: 9)
    c.assign(a)
    #expect(c.position == 9 && c.promptLength == 2)
  }

  @Test func sessionsOfDifferentPlansAreNotAssigned() async {
    await #expect(processExitsWith: .failure) {
      let dictionary = try Sample.all[0].dictionary()
      func session() throws -> Session {
        Session(try Plan(PlanDocument([Intervention(feature: 1)]), dictionary: dictionary))
      }
      try session().assign(try session())
    }
  }

  @Test func resetStartsAnotherSequence() throws {
    let session = try session()
    session.seek(to: 5)
    var row = Sample.all[0].rows(1)[0]
    try session.apply(toArray: &row)
    session.reset(promptLength: 7)
    #expect(session.position == 0 && session.promptLength == 7)
    #expect(session.counts == Session.Counts())
  }

  @Test func coverageFollowsTheScope() throws {
    let session = try session()
    #expect([0, 1, 2, 3].map(session.covers) == [false, false, true, true])
    session.reset(promptLength: 1)
    #expect(session.covers(1) && session.position == 0)
  }
}
