import SAE
import Steering
import Testing

@Suite struct FingerprintTests {
  private static let scope = Scope(skipFirst: 1, ranges: [2..<9, 20..<30])
  private static let interventions = [
    Intervention(feature: 3, mode: .clamp, alpha: 0.5),
    Intervention(feature: 3, mode: .clamp, alpha: 0.5, scope: Scope(phase: .generated)),
    Intervention(feature: 8, alpha: 2, scope: scope),
    Intervention(feature: 8, alpha: 2, scope: Scope(skipFirst: 4)),
  ]

  private func fingerprint(
    _ sample: Sample, _ interventions: [Intervention] = Self.interventions
  ) throws -> [UInt8] {
    try Plan(
      PlanDocument(interventions, scope: Scope(phase: .prompt)),
      dictionary: try sample.dictionary()
    ).fingerprint()
  }

  @Test(arguments: Sample.all)
  func orderDoesNotCount(_ sample: Sample) throws {
    let expected = try fingerprint(sample)
    #expect(expected.count == 32)
    #expect(try fingerprint(sample, Self.interventions.reversed()) == expected)
    #expect(try fingerprint(sample) == expected)
  }

  /// What is compiled counts, not how it was written.
  @Test func sameEffectSameFingerprint() throws {
    let sample = Sample.all[0]
    let counted = Intervention(
      feature: 3, mode: .clamp, strength: .maximumActivation, alpha: 2, maximumActivation: 3)
    let plain = Intervention(feature: 3, mode: .clamp, alpha: 6)
    #expect(try fingerprint(sample, [counted]) == fingerprint(sample, [plain]))
  }

  @Test func everyChangeCounts() throws {
    let sample = Sample.all[0]
    var all = [try fingerprint(sample)]
    func change(_ index: Int, _ body: (inout Intervention) -> Void) throws {
      var interventions = Self.interventions
      body(&interventions[index])
      all.append(try fingerprint(sample, interventions))
    }
    try change(0) { $0.alpha = 0.5000001 }
    try change(0) { $0.feature = 4 }
    try change(0) { $0.mode = .floor }
    try change(2) { $0.strength = .unit }
    try change(2) { $0.scope = nil }
    try change(2) { $0.scope?.skipFirst = 3 }
    try change(2) { $0.scope?.ranges = [2..<9, 20..<31] }
    try change(2) { $0.scope?.ranges = [2..<9] }
    all.append(try fingerprint(sample, Array(Self.interventions.dropLast())))
    #expect(Set(all).count == all.count)
  }

  @Test func everyWeightThatDecidesCounts() throws {
    var samples = Sample.all
    samples.append(Sample("other seed", { _ in .relu }, seed: 8))
    var other = Sample.all[0]
    other.activation = .batchTopK(threshold: 0.25)
    samples.append(other)
    var rival = Sample.all[4]
    // A feature that the plan does not name, but ranks against.
    rival.weights.encoder[47 * 37 + 5] += 1
    samples.append(rival)
    let all = try samples.map { try fingerprint($0) }
    #expect(Set(all).count == all.count)

    // The same feature without ranking: nothing of it decides.
    var bystander = Sample.all[0]
    bystander.weights.encoder[47 * 37 + 5] += 1
    #expect(try fingerprint(bystander) == fingerprint(Sample.all[0]))
  }
}
