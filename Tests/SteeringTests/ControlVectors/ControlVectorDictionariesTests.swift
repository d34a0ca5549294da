import Foundation
import Formats
import SAE
import Steering
import TestSupport
import Testing

@Suite struct ControlVectorDictionariesTests {
  private let folder: TemporaryFolder
  private var output: String { folder.file("out") }

  init() throws { folder = try TemporaryFolder() }

  private func random(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return generator.normals(count, scale: scale)
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func addingTheFeatureAddsTheDirectionToTheBit() throws {
    let vector = try ControlVector(
      [5: random(37, seed: 1), 12: random(37, seed: 2, scale: 300)], modelHint: "hint")
    let made = try vector.writeDictionaries(to: output, source: "in.gguf")
    #expect(made.map(\.block) == [5, 12])
    #expect(made.map(\.folder) == ["layer5", "layer12"])
    #expect(try names() == ["out"])
    for block in vector.blocks {
      let direction = try #require(vector.directions[block])
      let dictionary = try SparseDictionary.open("\(output)/layer\(block)")
      #expect(dictionary.featureCount == 1)
      #expect(dictionary.input.hook == "blocks.\(block).hook_resid_post")
      #expect(dictionary.input.model == nil)
      #expect(dictionary.activation.name == "relu")
      let row = random(37, seed: 3, scale: 2)
      let steered = try dictionary.steered(row, [Intervention(feature: 0, alpha: 1)])
      #expect(bits(steered) == bits(zip(row, direction).map { $0 + $1 }))
      let plan = try Plan(
        PlanDocument([Intervention(feature: 0, alpha: 1)]), dictionary: dictionary)
      let again = try ControlVector(plan)
      #expect(again.blocks == [block])
      #expect(bits(again.directions[block] ?? []) == bits(direction))
      #expect(again.modelHint == nil)
    }
  }

  @Test func aPlanSurvivesTheWholeWay() throws {
    let sample = Sample.all[0]
    var parts = sample.parts()
    parts.output = Tap(hook: "blocks.2.hook_resid_post")
    let plan = try Plan(
      PlanDocument([
        Intervention(feature: 4, alpha: 1.7), Intervention(feature: 30, strength: .unit, alpha: -3),
      ]), dictionary: try SparseDictionary(parts))
    try ControlVector(plan).write(to: folder.file("v.gguf"))
    try ControlVector(contentsOf: folder.file("v.gguf")).writeDictionaries(to: output)
    let imported = try SparseDictionary.open(output + "/layer2")
    let session = Session(plan)
    for row in sample.rows(20) {
      var expected = row
      try session.apply(toArray: &expected)
      let found = try imported.steered(row, [Intervention(feature: 0, alpha: 1)])
      #expect(bits(found) == bits(expected))
    }
  }

  @Test func theActivationIsTheProjection() throws {
    let direction = random(37, seed: 4, scale: 9)
    try ControlVector([1: direction]).writeDictionaries(to: output)
    let dictionary = try SparseDictionary.open(output + "/layer1")
    for (factor, expected) in [(1, 1), (2.5, 2.5), (0, 0), (-1, 0)] as [(Float, Float)] {
      let found = try dictionary.activations(of: [0], in: direction.map { $0 * factor })
      #expect(abs(found[0] - expected) < 1e-5)
    }
    let row = random(37, seed: 5)
    let square = direction.reduce(0.0) { $0 + Double($1) * Double($1) }
    let projection = zip(row, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / square
    let found = try dictionary.activations(of: [0], in: row)[0]
    #expect(abs(Double(found) - max(projection, 0)) < 1e-6)
  }

  @Test func theRecordSaysWhereItCameFrom() throws {
    try ControlVector([3: [1]], modelHint: "gemma3").writeDictionaries(
      to: output, convention: .cvectorGenerator, source: "some/in.gguf")
    let config = try JSONValue.read(path: output + "/layer3/cfg.json")
    let record = try #require(config["metadata"]?["control_vector"])
    #expect(record["file"]?.asString == "in.gguf")
    #expect(record["tensor"]?.asString == "direction.4")
    #expect(record["layer_convention"]?.asString == "cvector-generator")
    #expect(record["model_hint"]?.asString == "gemma3")
  }

  @Test(arguments: [0, 1, 256, 257, 100_000])
  func aLongModelHintIsNotRecorded(_ length: Int) throws {
    let hint = String(repeating: "m", count: length)
    let vector = try ControlVector([3: [1]], modelHint: hint)
    #expect(vector.isModelHintRecorded == (length <= 256))
    try vector.writeDictionaries(to: output)
    let config = try JSONValue.read(path: output + "/layer3/cfg.json")
    let record = try #require(config["metadata"]?["control_vector"])
    #expect(record["model_hint"]?.asString == (length <= 256 ? hint : nil))
  }

  @Test func zerosAreLeftOutAndRefusedWhenAskedFor() throws {
    let vector = try ControlVector([1: [0, -0.0], 2: [3, 4], 9: [1, 0]])
    let made = try vector.writeDictionaries(to: output)
    #expect(made.map(\.folder) == [nil, "layer2", "layer9"])
    #expect(made.map(\.norm) == [0, 5, 1])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted() == ["layer2", "layer9"])
    let other = folder.file("other")
    #expect(try vector.writeDictionaries(to: other, blocks: [9, 9]).map(\.block) == [9])
    try FileManager.default.removeItem(atPath: other)
    let refused: [([Int]?, ControlVector, String)] = [
      ([1], vector, "the direction of layer 1 is zero, expected one with a length"),
      ([9, 3], vector, "there is no direction for layer 3, the file has 1, 2, 9"),
      (
        nil, try ControlVector([1: [0]]),
        "every direction is zero, expected at least one with a length"
      ),
    ]
    for (blocks, vector, message) in refused {
      #expect(
        steeringError { try vector.writeDictionaries(to: other, blocks: blocks) }
          == SteeringError(.invalidArgument, message))
    }
    #expect(
      steeringError {
        try vector.writeDictionaries(
          to: other, blocks: [1], convention: .cvectorGenerator, source: "a/in.gguf")
      }
        == SteeringError(
          .invalidArgument,
          "a/in.gguf: tensor 'direction.2', the direction of layer 1, is zero, expected one with a"
            + " length"))
    #expect(try names() == ["out"])
  }

  @Test func aDirectionTooShortForF32IsRefused() throws {
    for value in [0x1p-146, 0x1p-130, 1e-37, 1e-25, 1e25, 3e38] as [Float] {
      let vector = try ControlVector([2: [value, 0]])
      let result = steeringError { try vector.writeDictionaries(to: output) }
      if value > 1e-38 {
        #expect(result == nil)
        let dictionary = try SparseDictionary.open(output + "/layer2")
        #expect(abs(try dictionary.activations(of: [0], in: [value, 0])[0] - 1) < 1e-6)
        try FileManager.default.removeItem(atPath: output)
      } else {
        #expect(result?.code == .nonFinite)
        #expect(try names().isEmpty)
      }
    }
  }

  @Test func aDirectionTooLongForF32IsRefused() throws {
    let vector = try ControlVector([2: [Float](repeating: 3e38, count: 1 << 20)])
    let norm = vector.norm(ofBlock: 2)
    #expect(
      steeringError { try vector.writeDictionaries(to: output, source: "in.gguf") }
        == SteeringError(
          .nonFinite,
          "in.gguf: tensor 'direction.2', the direction of layer 2, has norm \(norm), for which f32"
            + " cannot hold an encoder row; expected a norm of about 1e-38 to 1e38"))
    // At both ends of what is said to be accepted, in one component and spread over all.
    for norm in [1.01e-38, 1e38] as [Double] {
      for width in [1, 1 << 20] {
        let value = Float(norm / Double(width).squareRoot())
        try ControlVector([2: [Float](repeating: value, count: width)])
          .writeDictionaries(to: output)
        try FileManager.default.removeItem(atPath: output)
      }
    }
  }

  @Test func whatIsThereIsRefusedAndKept() throws {
    try folder.write("x", to: "file")
    for name in ["empty", "full"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: false)
    }
    try folder.write("x", to: "full/x")
    let vector = try ControlVector([2: [1]])
    for name in ["file", "full", "empty", "."] {
      #expect(
        steeringError { try vector.writeDictionaries(to: folder.file(name)) }
          == SteeringError(
            .invalidArgument,
            "\(folder.file(name)) exists, expected the name of a new folder"))
    }
    #expect(
      steeringError { try vector.writeDictionaries(to: folder.file("gone/out")) }
        == SteeringError(
          .inputOutput, "\(folder.file("gone/out")): mkdir: no such file or directory"))
    #expect(try names() == ["empty", "file", "full"])
    #expect(try folder.bytes("full/x") == Array("x".utf8))
  }
}
