import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct PlanRefusalTests {
  private let sample = Sample.all[0]

  private func refusal(
    _ interventions: [Intervention], _ dictionary: SparseDictionary, scope: Scope = Scope()
  ) -> SteeringError? {
    steeringError {
      _ = try Plan(PlanDocument(interventions, scope: scope), dictionary: dictionary)
    }
  }

  private func dictionary(setting values: [Int: Float]) throws -> SparseDictionary {
    var parts = sample.parts()
    var decoder = sample.weights.decoder
    for (index, value) in values { decoder[index] = value }
    parts.decoder = .dense(
      RowMatrix(rowCount: sample.weights.featureCount, width: sample.weights.width, values: decoder)
    )
    return try SparseDictionary(parts)
  }

  private func transcoder(normalisation: Normalisation = .none) throws -> SparseDictionary {
    var parts = sample.parts()
    var generator = SplitMix64(seed: 70)
    parts.kind = .transcoder
    parts.normalisation = normalisation
    parts.decoder = .dense(
      RowMatrix(
        rowCount: sample.weights.featureCount, width: 11,
        values: generator.normals(sample.weights.featureCount * 11)))
    parts.decoderBias = Array(repeating: 0, count: 11)
    parts.input = Tap(hook: "blocks.3.ln2")
    parts.output = Tap(hook: "blocks.3.mlp_out")
    return try SparseDictionary(parts)
  }

  @Test(arguments: Intervention.Mode.allCases)
  func transcoderTakesOnlyWhatNeedsNoActivation(_ mode: Intervention.Mode) throws {
    let dictionary = try transcoder()
    let edit = Intervention(feature: 2, mode: mode, alpha: mode.takesAlpha ? 2 : 0)
    if mode == .add || mode == .projectOut {
      let session = Session(try Plan(PlanDocument([edit]), dictionary: dictionary))
      #expect(session.width == 11)
      var row = [Float](repeating: 1, count: 11)
      #expect(try session.apply(toArray: &row).outcome == .edited)
      guard mode == .add else { return }
      let direction = dictionary.decoder.values(ofRow: 2, dictionary.kernels)
      for index in row.indices { #expect(abs(row[index] - 1 - 2 * direction[index]) < 1e-5) }
    } else {
      let error = try #require(refusal([edit], dictionary))
      #expect(error.code == .invalidPlan)
      #expect(
        error.message == "'interventions[0].mode' is \(mode.rawValue), which needs the feature's"
          + " activation, but this transcoder reads blocks.3.ln2 and writes blocks.3.mlp_out;"
          + " expected add or project-out")
    }
  }

  @Test func transcoderOutputIsNotScaledByTheRow() throws {
    let dictionary = try transcoder(normalisation: .layerNorm(epsilon: 1e-5))
    let row: [Float] = (0..<11).map { Float($0 * 3) }
    let actual = try dictionary.steered(row, [Intervention(feature: 2, alpha: 2)])
    let direction = dictionary.decoder.values(ofRow: 2, dictionary.kernels)
    for index in row.indices {
      #expect(abs(actual[index] - row[index] - 2 * direction[index]) < 1e-4)
    }
  }

  @Test func zeroDecoderRowIsRefused() throws {
    let width = sample.weights.width
    let zeros = Dictionary(uniqueKeysWithValues: (0..<width).map { (5 * width + $0, Float(0)) })
    let dictionary = try dictionary(setting: zeros)
    let error = try #require(
      refusal([Intervention(feature: 1, alpha: 1), Intervention(feature: 5, alpha: 1)], dictionary))
    #expect(error.code == .invalidPlan)
    #expect(
      error.message == "'interventions[1].feature' needs a direction, but the decoder row of"
        + " feature 5 is zero or too small to have one")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func nonFiniteDecoderRowIsRefused(_ bad: Float) throws {
    let dictionary = try dictionary(setting: [5 * sample.weights.width + 9: bad])
    #expect(refusal([Intervention(feature: 4, alpha: 1)], dictionary) == nil)
    let error = try #require(refusal([Intervention(feature: 5, alpha: 1)], dictionary))
    #expect(error.code == .nonFinite)
    #expect(
      error.message == "decoder weight of feature 5, component 9, is NaN or infinite,"
        + " expected a finite number")
  }

  @Test func nonFiniteEncoderRowIsRefusedWhereItIsRead() throws {
    var parts = sample.parts()
    var encoder = sample.weights.encoder
    encoder[5 * sample.weights.width + 9] = .nan
    parts.encoder = EncoderMatrix(
      RowMatrix(
        rowCount: sample.weights.featureCount, width: sample.weights.width, values: encoder),
      layout: .featureMajor)
    let dictionary = try SparseDictionary(parts)
    #expect(refusal([Intervention(feature: 5, alpha: 1)], dictionary) == nil)
    let error = try #require(
      refusal([Intervention(feature: 5, mode: .clamp, alpha: 1)], dictionary))
    #expect(error.code == .nonFinite)
    #expect(error.message.contains("encoder weight of feature 5, component 9,"))
  }

  @Test func fieldsOutOfRangeAreNamed() throws {
    let dictionary = try sample.dictionary()
    func message(_ intervention: Intervention) throws -> String {
      let error = try #require(refusal([intervention], dictionary))
      #expect(error.code == .invalidPlan)
      return error.message
    }
    #expect(
      try message(Intervention(feature: 48)) == "'interventions[0].feature' is 48, expected 0 to 47"
    )
    #expect(
      try message(Intervention(feature: -1)) == "'interventions[0].feature' is -1, expected 0 to 47"
    )
    for alpha in [Double.nan, .infinity, 1e39] {
      #expect(
        try message(Intervention(feature: 1, alpha: alpha))
          == "'interventions[0].alpha' is \(alpha), expected a finite number that f32 can hold")
    }
    for maximum in [0, -1, .nan, 1e300] {
      #expect(
        try message(
          Intervention(
            feature: 1, strength: .maximumActivation, alpha: 1, maximumActivation: maximum))
          == "'interventions[0].max_activation' is \(maximum), expected a positive finite number")
    }
    #expect(
      try message(Intervention(feature: 1, strength: .maximumActivation, alpha: 1))
        .hasPrefix("key 'interventions[0].max_activation' is missing"))
    #expect(
      try message(Intervention(feature: 1, alpha: 1, scope: Scope(skipFirst: -1)))
        == "'interventions[0].scope.skip_first' is -1, expected 0 or more")
    #expect(
      try message(Intervention(feature: 1, alpha: 1, scope: Scope(ranges: [1..<2, 4..<4])))
        == "'interventions[0].scope.ranges[1]' is [4, 4],"
        + " expected [start, end] with 0 <= start < end"
    )
    #expect(
      refusal([], dictionary)?.message
        == "'interventions' is empty, expected at least one intervention")
  }

  @Test func amountBeyondF32IsRefused() throws {
    let error = try #require(
      refusal(
        [
          Intervention(
            feature: 1, strength: .maximumActivation, alpha: 1e30, maximumActivation: 1e30)
        ], try sample.dictionary()))
    #expect(error.code == .invalidPlan)
    #expect(error.message.hasPrefix("'interventions[0].alpha'"))
  }

  @Test(arguments: Intervention.Mode.allCases)
  func strengthsThatAModeCannotUseAreRefused(_ mode: Intervention.Mode) throws {
    let dictionary = try sample.dictionary()
    let accepted = Intervention.Strength.accepted(by: mode)
    for strength in Intervention.Strength.allCases {
      let error = refusal(
        [
          Intervention(
            feature: 1, mode: mode, strength: strength, alpha: mode.takesAlpha ? 1 : 0,
            maximumActivation: 1)
        ], dictionary)
      #expect((error == nil) == accepted.contains(strength))
      guard let error else { continue }
      #expect(error.message.hasPrefix("'interventions[0].strength' is \(strength.rawValue)"))
      #expect(error.message.hasSuffix("with mode \(mode.rawValue)"))
    }
  }
}
