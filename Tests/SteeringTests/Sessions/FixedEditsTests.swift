import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Plans that add the same to every row are summed once; nobody must be able to tell.
@Suite struct FixedEditsTests {
  /// Scopes that hold together, one by one and not at all on the first rows.
  private static let overlapping = [
    Scope(skipFirst: 1), Scope(ranges: [2..<6]), Scope(ranges: [0..<1, 4..<5, 6..<7]),
    Scope(ranges: [3..<9]), Scope(ranges: [5..<6]),
  ]

  /// Some edits of five features, in as many scopes as are asked for.
  private static func document(scopes: Int, _ strength: Intervention.Strength) -> PlanDocument {
    let interventions = (0..<12).map { index in
      Intervention(
        feature: [3, 11, 20, 4, 40][index % 5], strength: strength,
        alpha: [0.7, -1.3, 2.1, 0.4][index % 4], maximumActivation: 3,
        scope: index % scopes < overlapping.count
          ? overlapping[index % scopes] : Scope(ranges: [index..<(index + 1)]))
    }
    return PlanDocument(interventions)
  }

  /// Δ at a position, from the stored rows, slot after slot.
  private func expected(
    _ document: PlanDocument, _ dictionary: SparseDictionary, _ row: [Float], position: Int
  ) -> (row: [Float], coefficients: [Int: Float]) {
    var coefficients: [Int: Float] = [:]
    // The order in which a plan sums the edits of one feature.
    for edit in document.interventions.sorted(by: { Float($0.alpha) < Float($1.alpha) })
    where edit.scope?.contains(position: position, promptLength: .max) ?? true {
      let decoder = dictionary.decoder.norm(ofRow: edit.feature, dictionary.kernels)
      let unit: Float
      switch edit.strength {
      case .unit: unit = Float(1 / decoder)
      case .decoder, .maximumActivation, .relative:
        var scale: Float = 1
        if case .constantFactor(let factor) = dictionary.normalisation { scale = 1 / factor }
        unit = scale * dictionary.editScale(of: edit.feature)
      }
      let amount =
        edit.strength == .maximumActivation ? Float(edit.alpha * 3) : Float(edit.alpha)
      coefficients[edit.feature, default: 0] += amount * unit
    }
    var delta = [Float](repeating: 0, count: row.count)
    for (feature, scale) in coefficients.sorted(by: { $0.key < $1.key }) where scale != 0 {
      dictionary.decoder.axpy(feature, scale: scale, into: &delta, dictionary.kernels)
    }
    let isInScope = !coefficients.isEmpty
    return (isInScope ? zip(row, delta).map { $0 + $1 } : row, coefficients)
  }

  @Test(
    arguments: [1, 2, 3, 4, 5, 12], [Intervention.Strength.decoder, .unit, .maximumActivation])
  func hasTheBitsOfTheRows(_ scopes: Int, _ strength: Intervention.Strength) throws {
    for sample in Sample.all {
      if sample.normalisation.dependsOnRow { continue }
      let dictionary = try sample.dictionary()
      let document = Self.document(scopes: scopes, strength)
      let plan = try Plan(document, dictionary: dictionary)
      let session = Session(plan)
      for (position, row) in sample.rows(14).enumerated() {
        let (wanted, coefficients) = expected(document, dictionary, row, position: position)
        var changed = row
        let edit = try session.apply(toArray: &changed)
        #expect(bits(changed) == bits(wanted), "\(sample), position \(position)")
        #expect((edit.outcome == .edited) == coefficients.values.contains { $0 != 0 })
        let delta = zip(wanted, row).map { Double($0) - Double($1) }
        let norm = delta.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(Double(edit.deltaNorm) - norm) <= 1e-5 * (norm + 1))
        for (slot, feature) in plan.features.enumerated() {
          #expect(session.coefficient(ofSlot: slot) == coefficients[feature] ?? 0)
          #expect(session.isInScope(slot: slot) == (coefficients[feature] != nil))
        }
      }
    }
  }

  /// A feature fewer or more, a mode that reads the row: the others keep their bits.
  @Test(arguments: [ElementType.f32, .bf16, .f16])
  func rowsOfEveryTypeAgreeWithPlansThatReadTheRow(_ type: ElementType) throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let adds = [3, 11, 20].map { Intervention(feature: $0, alpha: 1 + Double($0) / 10) }
    // Relative to the row's norm by nothing: not fixed, and the same sum.
    let nothing = Intervention(feature: 3, strength: .relative, alpha: 0)
    let fixed = Session(try Plan(PlanDocument(adds), dictionary: dictionary))
    let rowwise = Session(try Plan(PlanDocument(adds + [nothing]), dictionary: dictionary))
    let first = RowMemory(sample.rows(5), type)
    let second = RowMemory(sample.rows(5), type)
    _ = try first.apply(Array(repeating: fixed, count: 5))
    _ = try second.apply(Array(repeating: rowwise, count: 5))
    #expect(first.bytes == second.bytes)
    #expect(first.bytes != RowMemory(sample.rows(5), type).bytes)
  }

  @Test func overflowOfTheSumIsRefused() throws {
    let sample = Sample.all[0]
    let adds = [3, 11].map { Intervention(feature: $0, strength: .unit, alpha: 3.3e38) }
    let session = Session(try Plan(PlanDocument(adds), dictionary: try sample.dictionary()))
    var row = sample.rows(1)[0].map { $0 < 0 ? -3.4e38 : 3.4e38 as Float }
    let before = bits(row)
    let error = try #require(steeringError { try session.apply(toArray: &row) })
    #expect(error.code == .nonFinite && error.message.contains("overflows f32"))
    #expect(bits(row) == before)
  }
}
