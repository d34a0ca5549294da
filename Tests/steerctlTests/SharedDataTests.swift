import Foundation
import Formats
import Testing

/// Data too large for the checkout, beside it or where `STEERING_SHARED` says.
enum SharedData {
  static let folder: String = {
    let given = ProcessInfo.processInfo.environment["STEERING_SHARED"] ?? ""
    return given.isEmpty
      ? URL(fileURLWithPath: Tool.checkout + "/../shared").standardized.path : given
  }()

  static let dictionary = folder + "/data/gemma-3-270m-layer12-topk32-4096"
  static let activations = folder + "/data/activations/layer12.safetensors"

  static var isPresent: Bool {
    FileManager.default.fileExists(atPath: dictionary)
      && FileManager.default.fileExists(atPath: activations)
  }
}

@Suite(.enabled(if: SharedData.isPresent, "no shared data beside the checkout"))
struct SharedDataTests {
  private func json(_ verb: [String]) throws -> JSONValue {
    let result = try Tool.run(
      verb + ["--sae", SharedData.dictionary, "--activations", SharedData.activations, "--json"])
    try #require(result.status == 0, "\(result.error)")
    return try JSONValue.parse(text: result.output)
  }

  private func near(_ value: JSONValue?, _ expected: Double, _ tolerance: Double) -> Bool {
    guard let value = value?.asDouble else { return false }
    return abs(value - expected) <= tolerance
  }

  @Test func encodeReproducesThePublishedFit() throws {
    let report = try json(["encode"])
    let ordinary = report["ordinary"]
    let all = report["all"]
    #expect(near(ordinary?["fvu"], 0.19517, 5e-6))
    #expect(near(all?["fvu"], 0.12583, 5e-6))
    #expect(near(ordinary?["l0"], 32, 0.005))
    #expect(near(all?["l0"], 32, 0.005))
    #expect(near(ordinary?["mean_cosine"], 0.98012, 5e-6))
    #expect(ordinary?["rows"]?.asInt == 10_712)
    #expect(all?["rows"]?.asInt == 10_806)
    #expect(near(ordinary?["largest_activation"], 78.367, 5e-4))
    #expect(near(all?["largest_activation"], 208.890, 5e-4))
  }

  @Test func aFeatureFiresWhereItIsKnownTo() throws {
    let firing = try json(["features", "1234"])["firing"]
    #expect(firing?["active_rows"]?.asInt == 54)
    #expect(near(firing?["largest"], 4.3296, 5e-5))
  }

  @Test func verifyFindsTheWrongLayerOnAllRows() throws {
    let right = try Tool.run([
      "verify", SharedData.dictionary, "--activations", SharedData.activations, "--json",
    ])
    #expect(right.status == 0, "\(right.error)")
    let figures = try JSONValue.parse(text: right.output)["ordinary"]
    #expect(near(figures?["fvu"], 0.19517, 5e-6))
    #expect(near(figures?["mean_cosine"], 0.98012, 5e-6))
    let other = SharedData.activations.replacingOccurrences(of: "layer12.", with: "layer09.")
    try #require(FileManager.default.fileExists(atPath: other))
    let wrong = try Tool.run([
      "verify", SharedData.dictionary, "--activations", other, "--neighbour",
      SharedData.activations, "--json",
    ])
    #expect(wrong.status == 1, "\(wrong.error)")
    let cause = try JSONValue.parse(text: wrong.output)["causes"]?.asArray?.first
    #expect(cause?["kinds"]?.asArray == [.string("other-rows")])
    #expect(cause?["explains"]?.asBool == true)
  }
}
