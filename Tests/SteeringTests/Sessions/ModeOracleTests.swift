import Steering
import Testing
import TestSupport

@Suite struct ModeOracleTests {
  /// Every mode in every strength that it accepts.
  static let edits: [Intervention] = Intervention.Mode.allCases.flatMap { mode in
    Intervention.Strength.accepted(by: mode).map { strength in
      Intervention(
        feature: 3, mode: mode, strength: strength, alpha: mode.takesAlpha ? 0.7 : 0,
        maximumActivation: strength == .maximumActivation ? 1.9 : nil)
    }
  }

  @Test func everyModeHasAStrength() {
    #expect(Set(Self.edits.map(\.mode)).count == Intervention.Mode.allCases.count)
    #expect(Self.edits.count == 4 + 3 * 2 + 3)
  }

  @Test(arguments: Sample.all, edits)
  func editMatchesOracle(_ sample: Sample, _ first: Intervention) throws {
    var interventions = [first]
    // Other features at once, so that reading after editing would show.
    for feature in [11, 20, 31, 47] {
      var other = first
      other.feature = feature
      other.alpha = first.mode.takesAlpha ? Double(feature) / 16 : 0
      interventions.append(other)
    }
    let dictionary = try sample.dictionary()
    let plan = try Plan(PlanDocument(interventions), dictionary: dictionary)
    let session = Session(plan)
    let oracle = Oracle(sample: sample)
    for row in sample.rows(12) {
      var actual = row
      let edit = try session.apply(toArray: &actual)
      let expected = oracle.edited(row, interventions)
      for index in row.indices {
        #expect(
          abs(Double(actual[index]) - expected.row[index]) <= 1e-5 * expected.size[index],
          "column \(index)")
      }
      let delta = zip(expected.row, row).map { $0 - Double($1) }
      let length = oracle.norm(delta)
      #expect(abs(Double(edit.deltaNorm) - length) <= 1e-5 * (1 + length))
      guard edit.outcome == .edited else {
        #expect(length == 0)
        continue
      }
      let norm = oracle.norm(row.map(Double.init))
      #expect(abs(Double(edit.rowNorm) - norm) <= 1e-5 * norm)
      #expect(abs(Double(edit.dose) - length / norm) <= 1e-5 * (1 + length / norm))
    }
  }

  /// The oracle must see both branches, else floor and ceiling would pass without working.
  @Test(arguments: Sample.all)
  func samplesHaveActiveAndInactiveFeatures(_ sample: Sample) {
    let oracle = Oracle(sample: sample)
    let values = sample.rows(12).flatMap { row -> [Double] in
      let f = oracle.activations(row.map(Double.init))
      return [3, 11, 20, 31, 47].map { f[$0] }
    }
    #expect(values.contains(0))
    #expect(values.contains { $0 > 0 })
  }

  @Test func doseOfAZeroRowIsInfinite() throws {
    let sample = Sample.all[0]
    let session = Session(
      try Plan(
        PlanDocument([Intervention(feature: 1, strength: .unit, alpha: 2)]),
        dictionary: try sample.dictionary()))
    var row = [Float](repeating: 0, count: session.width)
    let edit = try session.apply(toArray: &row)
    #expect(edit.outcome == .edited)
    #expect(edit.dose == .infinity)
    #expect(abs(edit.deltaNorm - 2) < 1e-5)
  }

  @Test func normsDoNotOverflow() throws {
    let sample = Sample.all[0]
    let session = Session(
      try Plan(
        PlanDocument([Intervention(feature: 1, strength: .relative, alpha: 0.5)]),
        dictionary: try sample.dictionary()))
    var row = [Float](repeating: 1e30, count: session.width)
    let edit = try session.apply(toArray: &row)
    #expect(abs(edit.dose - 0.5) < 1e-5)
  }
}
