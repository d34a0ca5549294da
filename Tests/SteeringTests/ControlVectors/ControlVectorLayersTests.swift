import Formats
import SAE
import Steering
import TestSupport
import Testing

@Suite struct ControlVectorLayersTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("v.gguf") }

  init() throws { folder = try TemporaryFolder() }

  @Test func bothConventionsComeBack() throws {
    let vector = try ControlVector([3: [1, -0.0], 12: [0.1, 5e-45]], modelHint: "m")
    for convention in ControlVector.LayerConvention.allCases {
      try vector.write(to: path, convention: convention)
      let found = try ControlVector(contentsOf: path, convention: convention)
      #expect(found.blocks == [3, 12])
      #expect(found.width == 2)
      #expect(found.modelHint == "m")
      #expect(found.declaredLayerCount == 2)
      for block in vector.blocks {
        #expect(bits(found.directions[block] ?? []) == bits(vector.directions[block] ?? []))
      }
    }
    // The file now counts as llama.cpp's generator does: read as repeng's, all is one block later.
    #expect(try ControlVector(contentsOf: path).blocks == [4, 13])
  }

  @Test func blockZeroHasAPlaceInOneConventionOnly() throws {
    let vector = try ControlVector([0: [1]])
    let error = steeringError { try vector.write(to: path) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("cannot hold the output of block 0") == true)
    try vector.write(to: path, convention: .cvectorGenerator)
    let file = try ControlVectorFile.open(path)
    #expect(file.directions.map(\.layer) == [1])
    #expect(try ControlVector(contentsOf: path, convention: .cvectorGenerator) != vector)
    #expect(
      try ControlVector(contentsOf: path, convention: .cvectorGenerator).directions
        == vector.directions)
  }

  @Test func layersBeyondTheFormatAreRefused() throws {
    for (block, convention, limit) in [
      (65_536, ControlVector.LayerConvention.repeng, 65_535),
      (65_535, .cvectorGenerator, 65_534), (Int.max, .cvectorGenerator, 65_534),
    ] {
      let vector = try ControlVector([block: [1]])
      #expect(
        steeringError { try vector.write(to: path, convention: convention) }
          == SteeringError(
            .invalidArgument, "block is \(block), expected at most \(limit)"))
    }
  }

  @Test func whatIsNoVectorIsRefused() throws {
    let cases: [([Int: [Float]], SteeringError)] = [
      (
        [:],
        SteeringError(
          .invalidArgument, "the control vector is empty, expected at least one direction")
      ),
      (
        [1: []],
        SteeringError(
          .invalidArgument, "the control vector is empty, expected at least one direction")
      ),
      ([-1: [1]], SteeringError(.invalidArgument, "block is -1, expected 0 or more")),
      (
        [2: [1, 2], 7: [1]],
        SteeringError(
          .shapeMismatch, "the direction of block 7 has width 1, expected 2 as block 2 has")
      ),
      (
        [2: [1, .infinity]],
        SteeringError(
          .nonFinite,
          "the direction of block 2, component 1, is NaN or infinite, expected a finite number")
      ),
    ]
    for (directions, expected) in cases {
      #expect(steeringError { _ = try ControlVector(directions) } == expected)
    }
  }

  @Test func filesAreNamedInErrors() throws {
    try ControlVectorFile.write(path, directions: [(4, [1, .nan])], modelHint: nil)
    #expect(
      steeringError { _ = try ControlVector(contentsOf: path) }
        == SteeringError(
          .nonFinite,
          "\(path): tensor 'direction.4', component 1, is NaN or infinite, expected a finite number"
        ))
    #expect(
      steeringError { _ = try ControlVector(contentsOf: path, convention: .cvectorGenerator) }?
        .message.contains("tensor 'direction.4'") == true)
    #expect(
      steeringError { _ = try ControlVector(contentsOf: folder.file("gone")) }
        == SteeringError(
          .inputOutput, "\(folder.file("gone")): open: no such file or directory"))
    try folder.write("GGUF", to: "cut.gguf")
    let error = steeringError { _ = try ControlVector(contentsOf: folder.file("cut.gguf")) }
    #expect(
      error
        == SteeringError(
          .malformedFile,
          "\(folder.file("cut.gguf")): GGUF version is cut short: 0 bytes, expected 4 (at byte 4)"))
  }

  static let hooks: [(hook: String?, block: Int?)] = [
    ("blocks.12.hook_resid_post", 12), ("blocks.0.hook_resid_post", 0),
    ("blocks.5.hook_resid_pre", 4), ("blocks.0.hook_resid_pre", nil),
    ("blocks.5.hook_resid_mid", nil), ("blocks.5.hook_mlp_out", nil),
    ("blocks.5.hook_attn_out", nil), ("blocks.5.attn.hook_z", nil), ("somewhere", nil), (nil, nil),
  ]

  @Test(arguments: hooks)
  func theBlockComesFromTheHook(_ hook: String?, _ block: Int?) throws {
    let sample = Sample.all[0]
    var parts = sample.parts()
    parts.input = Tap(model: "m", hook: hook)
    parts.output = parts.input
    let dictionary = try SparseDictionary(parts)
    let plan = try Plan(
      PlanDocument([Intervention(feature: 3, alpha: 2.5)]), dictionary: dictionary)
    if let block {
      let vector = try ControlVector(plan)
      #expect(vector.blocks == [block])
      #expect(vector.modelHint == "m")
      #expect(vector.directions[block] == (try plan.controlVector()))
    } else {
      let error = try #require(steeringError { _ = try ControlVector(plan) })
      #expect(error.code == .invalidArgument)
      #expect(error.message.contains(hook ?? "does not say where its rows lie"))
      #expect(error.message.contains("give the layer"))
    }
    let given = try ControlVector(plan, block: 9, modelHint: "other")
    #expect(given.blocks == [9])
    #expect(given.modelHint == "other")
  }

  @Test func aTranscoderSteersWhereItWrites() throws {
    let sample = Sample.all[0]
    var parts = sample.parts()
    parts.kind = .transcoder
    parts.input = Tap(hook: "blocks.3.hook_resid_mid")
    parts.output = Tap(hook: "blocks.3.hook_resid_post")
    #expect(try ControlVector.block(of: try SparseDictionary(parts)) == 3)
  }

  @Test func plansThatAreNotConstantAreRefused() throws {
    let dictionary = try Sample.all[0].dictionary()
    for intervention in [
      Intervention(feature: 1, mode: .clamp, alpha: 2), Intervention(feature: 1, mode: .ablate),
      Intervention(feature: 1, strength: .relative, alpha: 1),
      Intervention(feature: 1, alpha: 1, scope: Scope(skipFirst: 1)),
    ] {
      let plan = try Plan(PlanDocument([intervention]), dictionary: dictionary)
      #expect(steeringError { _ = try ControlVector(plan, block: 1) }?.code == .invalidPlan)
    }
  }

  @Test func theNearestFeatureOfARowIsItsOwn() throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let oracle = Oracle(sample: sample)
    let width = sample.weights.width
    let row = Array(sample.weights.decoder[(7 * width)..<(8 * width)])
    let found = try dictionary.nearestFeatures(to: row.map { $0 * -3 }, count: 48)
    #expect(found.count == 48)
    #expect(found.last?.feature == 7)
    #expect(abs((found.last?.cosine ?? 0) + 1) < 1e-6)
    for neighbour in found {
      let other = sample.weights.decoder[
        (neighbour.feature * width)..<((neighbour.feature + 1) * width)]
      let product = zip(row, other).reduce(0.0) { $0 - Double($1.0) * Double($1.1) }
      let cosine = product / oracle.decoderNorm(7) / oracle.decoderNorm(neighbour.feature)
      #expect(abs(cosine - neighbour.cosine) < 1e-5)
    }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.cosine >= $1.cosine })
    #expect(try dictionary.nearestFeatures(to: [Float](repeating: 0, count: width)).isEmpty)
    #expect(
      steeringError { _ = try dictionary.nearestFeatures(to: [1]) }
        == SteeringError(
          .shapeMismatch, "the direction has width 1, expected \(width) from the dictionary"))
  }
}
