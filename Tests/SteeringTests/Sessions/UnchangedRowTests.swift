import SAE
import Steering
import Testing
import TestSupport

@Suite struct UnchangedRowTests {
  /// A row with the values that a needless addition of zero would change.
  private func delicate(_ sample: Sample) -> [Float] {
    var row = sample.rows(1)[0]
    row[0] = -0.0
    row[1] = .leastNonzeroMagnitude
    row[2] = -3 * .leastNonzeroMagnitude
    row[3] = 0
    return row
  }

  @Test(arguments: Intervention.Strength.allCases)
  func addingZeroKeepsTheBits(_ strength: Intervention.Strength) throws {
    for sample in Sample.all {
      var row = delicate(sample)
      let before = bits(row)
      let edit = Intervention(feature: 3, strength: strength, alpha: 0, maximumActivation: 2)
      let session = Session(
        try Plan(PlanDocument([edit]), dictionary: try sample.dictionary()))
      let outcome = try session.apply(toArray: &row)
      #expect(outcome.outcome == .untouched)
      #expect(outcome.dose == 0)
      #expect(bits(row) == before)
      #expect(session.position == 1)
    }
  }

  @Test(arguments: Sample.all)
  func settingThePresentValueKeepsTheBits(_ sample: Sample) throws {
    let dictionary = try sample.dictionary()
    var row = delicate(sample)
    let before = bits(row)
    let codes = try dictionary.codes([row])
    for feature in [0, 3, 11, 20] {
      let value = Double(codes.activation(of: feature, row: 0))
      for mode in [Intervention.Mode.clamp, .floor, .ceiling] {
        row = try dictionary.steered(
          row, [Intervention(feature: feature, mode: mode, alpha: value)])
        #expect(bits(row) == before, "\(mode) of feature \(feature)")
      }
      row = try dictionary.steered(row, [Intervention(feature: feature, mode: .scale, alpha: 1)])
      #expect(bits(row) == before)
    }
  }

  @Test func oppositeAddsCancel() throws {
    let sample = Sample.all[0]
    let row = delicate(sample)
    let result = try sample.dictionary().steered(
      row, [Intervention(feature: 3, alpha: 2.5), Intervention(feature: 3, alpha: -2.5)])
    #expect(bits(result) == bits(row))
  }

  @Test(arguments: [Intervention.Mode.add, .clamp, .ablate])
  func undefinedRowIsLeftAlone(_ mode: Intervention.Mode) throws {
    let sample = Sample("zero", { _ in .relu }, .rootWidthOverNorm)
    let session = Session(
      try Plan(
        PlanDocument([Intervention(feature: 1, mode: mode, alpha: mode == .ablate ? 0 : 3)]),
        dictionary: try sample.dictionary()))
    var row = [Float](repeating: 0, count: session.width)
    row[1] = -0.0
    let before = bits(row)
    #expect(try session.apply(toArray: &row).outcome == .undefined)
    #expect(bits(row) == before)
    #expect(session.position == 1)
  }
}
