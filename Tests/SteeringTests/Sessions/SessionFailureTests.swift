import SAE
import Steering
import Testing
import TestSupport

@Suite struct SessionFailureTests {
  private let sample = Sample.all[0]

  private func session(_ intervention: Intervention, scope: Scope = Scope()) throws -> Session {
    Session(
      try Plan(
        PlanDocument([intervention], scope: scope), dictionary: try sample.dictionary()))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], Intervention.Mode.allCases)
  func nonFiniteRowIsRefused(_ bad: Float, _ mode: Intervention.Mode) throws {
    let session = try session(
      Intervention(feature: 3, mode: mode, alpha: mode.takesAlpha ? 2 : 0))
    session.seek(to: 6)
    var row = sample.rows(1)[0]
    row[35] = bad
    let before = bits(row)
    let error = try #require(steeringError { try session.apply(toArray: &row) })
    #expect(error.code == .nonFinite)
    #expect(
      error.message == "row 6, column 35 is NaN or infinite, expected a finite number")
    #expect(bits(row) == before)
    #expect(session.position == 6)
    var next = sample.rows(1)[0]
    try session.apply(toArray: &next)
    #expect(session.position == 7)
  }

  @Test func nonFiniteRowOutOfScopeIsNotRead() throws {
    let session = try session(
      Intervention(feature: 3, alpha: 1), scope: Scope(skipFirst: 1))
    var row = sample.rows(1)[0]
    row[0] = .nan
    let before = bits(row)
    #expect(try session.apply(toArray: &row).outcome == .untouched)
    #expect(bits(row) == before)
  }

  @Test func overflowOfTheEditIsRefused() throws {
    let dictionary = try sample.dictionary()
    let session = try session(Intervention(feature: 3, strength: .unit, alpha: 3.3e38))
    let direction = dictionary.decoder.values(ofRow: 3, dictionary.kernels)
    try expectOverflow(direction.map { $0 > 0 ? 3.3e38 : -3.3e38 }, session)
  }

  @Test func overflowOfTheCoefficientIsRefused() throws {
    let row = sample.rows(1)[0].map { $0 * 1000 }
    let active = Int(try sample.dictionary().codes([row]).indices[0])
    try expectOverflow(
      row, try session(Intervention(feature: active, mode: .scale, alpha: 3.3e38)))
  }

  @Test func overflowOfTheActivationIsRefused() throws {
    let row = sample.weights.encoder[(3 * 37)..<(4 * 37)].map { $0 > 0 ? 3.3e38 : -3.3e38 as Float }
    try expectOverflow(row, try session(Intervention(feature: 3, mode: .clamp, alpha: 1)))
  }

  private func expectOverflow(_ row: [Float], _ session: Session) throws {
    var changed = row
    let error = try #require(steeringError { try session.apply(toArray: &changed) })
    #expect(error.code == .nonFinite)
    #expect(error.message.contains("overflows f32"))
    #expect(bits(changed) == bits(row))
    #expect(session.position == 0)
  }

  @Test func wrongWidthIsRefused() throws {
    let session = try session(Intervention(feature: 3, alpha: 1))
    for count in [0, 36, 38] {
      var row = [Float](repeating: 1, count: count)
      let before = bits(row)
      let error = try #require(steeringError { try session.apply(toArray: &row) })
      #expect(error.code == .shapeMismatch)
      #expect(error.message == "rows have width \(count), expected 37 from the dictionary")
      #expect(bits(row) == before)
      #expect(session.position == 0)
    }
  }
}
