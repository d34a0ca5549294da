import Formats
import Importers
import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// What a person reads when a dictionary cannot be opened: path, key, found, expected.
@Suite struct OpeningMessageTests {
  private let folder: TemporaryFolder
  private var configPath: String { folder.file("cfg.json") }
  private var weightsPath: String { folder.file("sae_weights.safetensors") }

  init() throws { folder = try TemporaryFolder() }

  private func error(
    cfg: String, _ tensors: [TestTensor] = Self.tensors
  ) throws -> SteeringError? {
    try folder.write(cfg, to: "cfg.json")
    try writeSafetensors(weightsPath, tensors)
    do throws(SteeringError) {
      _ = try SparseDictionary.open(folder.path)
      return nil
    } catch {
      #expect(!error.message.contains("\n"))
      #expect(error.message.count < 1000)
      return error
    }
  }

  private static let tensors = [
    TestTensor("W_enc", [2, 3], [1, 2, 3, 4, 5, 6]),
    TestTensor("W_dec", [3, 2], [1, 2, 3, 4, 5, 6]),
    TestTensor("b_enc", [3], [0, 0, 0]), TestTensor("b_dec", [2], [0, 0]),
  ]

  private func config(_ more: String = "", width: String = "2") -> String {
    "{\"architecture\": \"standard\", \"d_in\": \(width), \"d_sae\": 3,"
      + " \"metadata\": {\"sae_lens_version\": \"6.0.0\"}\(more)}"
  }

  private func replacing(_ tensor: TestTensor) -> [TestTensor] {
    Self.tensors.filter { $0.name != tensor.name } + [tensor]
  }

  @Test func opens() throws {
    #expect(try error(cfg: config()) == nil)
  }

  @Test func values() throws {
    #expect(
      try error(cfg: config(width: "\"2\""))
        == SteeringError(
          .unsupportedDictionary,
          "\(configPath): 'd_in' is \"2\", expected an integer from 1 to 1048576"))
    #expect(
      try error(cfg: "{\"architecture\": \"standard\", \"d_sae\": 3}")
        == SteeringError(
          .unsupportedDictionary,
          "\(configPath): key 'd_in' is missing, expected an integer from 1 to 1048576"))
  }

  @Test func unknownKeys() throws {
    let found = try #require(try error(cfg: config(", \"gain\": 2")))
    #expect(found.code == .unsupportedDictionary)
    #expect(found.message.hasPrefix("\(configPath): unknown key 'gain', accepted: architecture, "))
    #expect(found.message.hasSuffix("pass --ignore-config-key gain"))
  }

  @Test func untrustedTextIsClipped() throws {
    let long = String(repeating: "x", count: 5000) + "\\n\\u0007"
    let found = try #require(try error(cfg: config(", \"\(long)\": 2")))
    #expect(found.message.contains("xxx..."))
    let value = try #require(try error(cfg: config(", \"dtype\": \"\(long)\"")))
    #expect(value.message.contains("..., expected one of float32"))
  }

  @Test func tensors() throws {
    #expect(
      try error(cfg: config(), replacing(TestTensor("W_dec", [2, 3], [1, 2, 3, 4, 5, 6])))
        == SteeringError(
          .shapeMismatch,
          "\(weightsPath): tensor 'W_dec' has shape [2, 3], expected [3, 2] from"
            + " config d_sae, d_in"))
    #expect(
      try error(cfg: config(), Self.tensors.filter { $0.name != "b_dec" })
        == SteeringError(
          .unsupportedDictionary,
          "\(weightsPath): tensor 'b_dec' is missing for architecture 'standard',"
            + " found: W_enc, W_dec, b_enc"))
    #expect(
      try error(cfg: config(), replacing(TestTensor("gain", [1], [1])))
        == SteeringError(
          .unsupportedDictionary,
          "\(weightsPath): tensor 'gain' has no meaning in architecture 'standard',"
            + " accepted: W_enc, W_dec, b_dec, b_enc, scaling_factor"))
    let integers = TestTensor("b_enc", [1, 2, 3])
    #expect(
      try error(cfg: config(), replacing(integers))
        == SteeringError(
          .unsupportedDictionary,
          "\(weightsPath): tensor 'b_enc' holds I32, accepted: F32, BF16, F16, F64"))
  }

  @Test func nonFiniteWeights() throws {
    #expect(
      try error(cfg: config(), replacing(TestTensor("W_enc", [2, 3], [1, 2, 3, 4, 5, .nan])))
        == SteeringError(
          .nonFinite,
          "\(folder.path): encoder weight of feature 2, component 1, is NaN or infinite, expected a finite number"
        ))
    #expect(
      try error(cfg: config(), replacing(TestTensor("b_dec", [2], [0, .infinity])))
        == SteeringError(
          .nonFinite,
          "\(weightsPath): b_dec weight [0, 1] is NaN or infinite, expected a finite number"))
  }

  @Test func refusals() throws {
    let found = try #require(
      try error(cfg: config(", \"normalize_activations\": \"expected_average_only_in\"")))
    #expect(found.code == .unsupportedDictionary)
    #expect(found.message.contains("'expected_average_only_in' is not supported: the factor"))
    #expect(found.message.contains("--activation-scale S"))
  }

  @Test func files() throws {
    _ = try error(cfg: "{")
    let broken = try #require(try error(cfg: "{"))
    #expect(broken.code == .malformedFile)
    #expect(broken.message.hasPrefix("\(configPath): not valid JSON"))
    do throws(SteeringError) {
      _ = try SparseDictionary.open(folder.file("absent"))
      Issue.record("opened nothing")
    } catch {
      #expect(
        error
          == SteeringError(
            .inputOutput, "\(folder.file("absent")): open: no such file or directory"))
    }
    try folder.write(config(), to: "cfg.json")
    try folder.remove("sae_weights.safetensors")
    do throws(SteeringError) {
      _ = try SparseDictionary.open(folder.path)
      Issue.record("opened without weights")
    } catch {
      #expect(error.code == .inputOutput)
      #expect(error.message == "\(weightsPath): open: no such file or directory")
    }
  }
}
