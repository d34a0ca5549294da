import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Plans on dictionaries whose rows are sparse, whose output has a scale, or whose norms only rank.
@Suite struct ArchitectureTests {
  private let width = 12

  /// Sparse rows, and the same numbers as dense ones.
  private func dictionaries() throws -> (sparse: SparseDictionary, dense: SparseDictionary) {
    var generator = SplitMix64(seed: 40)
    let n = 20
    let degree = 3
    var values: [Float] = []
    var columns: [UInt16] = []
    var rows = [Float](repeating: 0, count: n * width)
    for feature in 0..<n {
      for column in (0..<width).shuffled(using: &generator).prefix(degree).sorted() {
        let value = generator.normal()
        values.append(value)
        columns.append(UInt16(column))
        rows[feature * width + column] = value
      }
    }
    let expander = try ExpanderMatrix(
      rowCount: n, width: width, degree: degree,
      values: RowMatrix(rowCount: n, width: degree, values: values),
      indices: Tensor(.u16, shape: [n, degree], storage: Storage(copying: columns)))
    let bias = generator.normals(n, scale: 0.1)
    let center = generator.normals(width, scale: 0.1)
    let dense = RowMatrix(rowCount: n, width: width, values: rows)
    var parts = SparseDictionary.Parts(
      name: "sparse", encoder: EncoderMatrix(expander), decoder: .expander(expander),
      encoderBias: bias, decoderBias: center, activation: .signedTopK(k: 9))
    parts.subtractsDecoderBias = true
    let sparse = try SparseDictionary(parts)
    parts.encoder = EncoderMatrix(dense, layout: .featureMajor)
    parts.decoder = .dense(dense)
    return (sparse, try SparseDictionary(parts))
  }

  private func edited(
    _ row: [Float], _ interventions: [Intervention], _ dictionary: SparseDictionary
  ) throws -> [Float] {
    let plan = try Plan(PlanDocument(interventions), dictionary: dictionary)
    var row = row
    try Session(plan).apply(to: &row)
    return row
  }

  @Test func sparseRowsEditAsDenseOnes() throws {
    let (sparse, dense) = try dictionaries()
    var generator = SplitMix64(seed: 41)
    var changed = 0
    for mode in [Intervention.Mode.add, .clamp, .scale, .ablate, .projectOut] {
      for feature in [0, 7, 19] {
        let row = generator.normals(width)
        let alpha = mode == .ablate || mode == .projectOut ? 0 : 1.5
        let plan = [Intervention(feature: feature, mode: mode, alpha: alpha)]
        let a = try edited(row, plan, sparse)
        let b = try edited(row, plan, dense)
        #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) })
        changed += a == row ? 0 : 1
      }
    }
    #expect(changed > 9)
  }

  private func exact(_ change: (inout SparseDictionary.Parts) -> Void) throws -> SparseDictionary {
    let encoder = RowMatrix(rowCount: 2, width: 2, values: [1, 0, 0, 1])
    let decoder = RowMatrix(rowCount: 2, width: 2, values: [4, 0, 0, 1])
    var parts = SparseDictionary.Parts(
      name: "exact", encoder: EncoderMatrix(encoder, layout: .featureMajor), decoder: decoder,
      encoderBias: [0, 0], decoderBias: [0, 0], activation: .topK(k: 1))
    change(&parts)
    return try SparseDictionary(parts)
  }

  /// One unit of activation adds what it decodes to.
  @Test func outputScaleReachesEdits() throws {
    let add = [Intervention(feature: 0, mode: .add, alpha: 2)]
    #expect(try edited([1, 1], add, exact { _ in }) == [9, 1])
    #expect(try edited([1, 1], add, exact { $0.outputScale = .factor(0.25) }) == [3, 1])
    func normalised(_ scale: OutputScale) throws -> SparseDictionary {
      try exact {
        $0.normalisation = .constantFactor(2)
        $0.outputScale = scale
      }
    }
    #expect(try edited([1, 1], add, normalised(.undoesNormalisation)) == [5, 1])
    #expect(try edited([1, 1], add, normalised(.none)) == [9, 1])
    #expect(try edited([1, 1], add, normalised(.factor(0.5))) == [5, 1])
  }

  /// Norms 4 and 1: feature 0 wins by norm, and its activation is z all the same.
  @Test func normsThatOnlyRankDoNotScaleEdits() throws {
    let dictionary = try exact { $0.decoderNormRole = .ranksOnly }
    let ablate = [Intervention(feature: 0, mode: .ablate)]
    #expect(try edited([2, 3], ablate, dictionary) == [2 - 2 * 4, 3])
    #expect(try edited([2, 3], ablate, exact { _ in }) == [2, 3])
  }

  @Test func arraysRefuseWhatTheyCannotSay() throws {
    func refusal(
      _ mode: Intervention.Mode, _ change: (inout SparseDictionary.Parts) -> Void
    ) throws -> SteeringError? {
      let plan = try Plan(
        PlanDocument([Intervention(feature: 0, mode: mode, alpha: mode == .add ? 1 : 0)]),
        dictionary: try exact(change))
      do throws(SteeringError) {
        _ = try PlanArrays(plan)
        return nil
      } catch {
        return error
      }
    }
    let one: [Float] = [1, 1]
    let kinds: [ActivationFunction] = [
      .groupMax(groups: 1), .blockTopK(blockSize: 1, blocks: 1),
      .biJumpReLU(
        BiJumpReLU(
          positiveThreshold: one, negativeThreshold: one, positiveGain: one, negativeGain: one,
          positiveOffset: one, negativeOffset: one)),
    ]
    for kind in kinds {
      let error = try #require(try refusal(.ablate) { $0.activation = kind })
      #expect(error.code == .unsupportedDictionary)
      #expect(error.message.contains(kind.name))
      #expect(try refusal(.add) { $0.activation = kind } == nil, "adding reads nothing")
    }
    #expect(try refusal(.ablate) { $0.decoderNormRole = .ranksOnly } != nil)
    #expect(
      try refusal(.ablate) {
        $0.normalisation = .layerNorm(epsilon: 1e-5)
        $0.outputScale = OutputScale.none
      } != nil)
    #expect(try refusal(.ablate) { $0.activation = .signedTopK(k: 1) } == nil)
    #expect(try refusal(.ablate) { $0.outputScale = .factor(2) } == nil)
  }

  @Test func fingerprintsTellRolesAndScalesApart() throws {
    let ablate = PlanDocument([Intervention(feature: 0, mode: .ablate)])
    let changes: [(inout SparseDictionary.Parts) -> Void] = [
      { _ in }, { $0.decoderNormRole = .ranksOnly }, { $0.decoderNormRole = .rescalesActivations },
      { $0.outputScale = OutputScale.none }, { $0.outputScale = .factor(2) },
      { $0.activation = .signedTopK(k: 1) }, { $0.activation = .groupMax(groups: 1) },
      { $0.activation = .groupMax(groups: 2) },
      { $0.activation = .blockTopK(blockSize: 1, blocks: 1) },
      { $0.activation = .blockTopK(blockSize: 2, blocks: 1) },
    ]
    var seen: Set<[UInt8]> = []
    for change in changes {
      seen.insert(try Plan(ablate, dictionary: try exact(change)).fingerprint())
    }
    #expect(seen.count == changes.count)
  }
}
