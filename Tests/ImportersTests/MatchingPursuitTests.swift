import Formats
import Importers
import SAE
import TestSupport
import Testing

/// SAELens' matching pursuit: one matrix, the rules from cfg.json.
@Suite struct MatchingPursuitTests {
  private func make() throws -> SAELensFolder {
    var folder = try SAELensFolder("matching_pursuit")
    folder.remove("W_enc")
    folder.remove("b_enc")
    return folder
  }

  private func rules(
    _ dictionary: SparseDictionary
  ) throws -> (threshold: Float, iterations: Int, stopsOnRepeat: Bool) {
    guard case .matchingPursuit(let threshold, let iterations, let stops) = dictionary.activation
    else {
      Issue.record("\(dictionary.activation)")
      return (0, 0, false)
    }
    return (threshold, iterations, stops)
  }

  @Test func defaultsAreTheLibrarys() throws {
    let dictionary = try make().open()
    #expect(try rules(dictionary) == (0.01, 3, true))
    #expect(dictionary.isTied)
    #expect(dictionary.subtractsDecoderBias)
    #expect(dictionary.entry("selection")?.source == .publisherDefault(key: "residual_threshold"))
    #expect(dictionary.entry("encoder")?.statement == "the decoder itself (tied), without bias")
    #expect(dictionary.entry("output bias") == nil)
  }

  @Test func rulesFromTheConfiguration() throws {
    var folder = try make()
    folder.set("residual_threshold", 0)
    folder.set("max_iterations", 7)
    folder.set("stop_on_duplicate_support", false)
    #expect(try rules(folder.open()) == (0, 7, false))
    folder.set("max_iterations", .integer(Int64(Int32.max)))
    guard case .dictionary(let inner) = try folder.failure()?.reason,
      case .field(let name, let found, _) = inner.reason
    else {
      Issue.record("\(String(describing: try folder.failure()?.reason))")
      return
    }
    #expect(name == "maximum iterations" && found == "\(Int32.max)")
    folder.set("max_iterations", .null)
    #expect(try rules(folder.open()) == (0, 3, false))
  }

  @Test func biasIsAddedOnlyWhereItIsSubtracted() throws {
    var folder = try make()
    folder.set("apply_b_dec_to_input", false)
    let dictionary = try folder.open()
    #expect(!dictionary.subtractsDecoderBias)
    #expect(dictionary.entry("output bias")?.source == .formatRule)
    let codes = try dictionary.codes(of: [0, 0, 0], count: 1)
    #expect(try dictionary.reconstructions(codes, row: 0, of: [0, 0, 0]).decoded == [0, 0, 0])
  }

  /// The library's fold leaves the matrix and divides bias and threshold.
  @Test func scaleMovesBiasAndThreshold() throws {
    let row: [Float] = [1.5, -2, 0.75]
    var plain = try make()
    plain.set("residual_threshold", 0.5)
    let bias = plain.values("b_dec")
    var options = ImportOptions()
    options.activationScale = .factor(4)
    let scaled = try plain.open(options)
    #expect(try rules(scaled).threshold == 0.125)
    #expect(scaled.normalisation == .none)

    var folded = try make()
    folded.set("residual_threshold", 0.125)
    folded.set(TestTensor("b_dec", [3], bias.map { $0 / 4 }))
    let expected = try folded.open()
    let codes = try scaled.codes(of: row, count: 1)
    #expect(codes.dense(row: 0) == (try expected.codes(of: row, count: 1).dense(row: 0)))
    #expect(
      try scaled.reconstructions(codes, row: 0, of: row).decoded
        == expected.reconstructions(codes, row: 0, of: row).decoded)
  }

  @Test func refusals() throws {
    for (name, value) in [
      ("residual_threshold", JSONValue.string("x")), ("residual_threshold", -1),
      ("max_iterations", 0), ("stop_on_duplicate_support", 1),
    ] {
      var folder = try make()
      folder.set(name, value)
      guard case .value(name, _, _) = try folder.failure()?.reason else {
        Issue.record("\(name) = \(value)")
        continue
      }
    }
    for name in ["W_enc", "b_enc", "scaling_factor"] {
      var folder = try make()
      folder.set(TestTensor(name, [5], [1, 1, 1, 1, 1]))
      guard
        case .unexpectedTensor(name, ["W_dec", "b_dec"], "matching_pursuit") =
          try folder.failure()?.reason
      else {
        Issue.record("\(name)")
        continue
      }
    }
    var whitened = try make()
    whitened.set("normalize_activations", "covariance_whitening")
    guard case .refused(let what, _, _) = try whitened.failure()?.reason else {
      Issue.record("whitening")
      return
    }
    #expect(what.hasSuffix("with a matching pursuit"))
    #expect(
      try SAELensFolder(legacy: "matching_pursuit").failure()?.reason
        == .value(
          key: "sae_lens_version", found: "missing or before 6.0",
          expected: "6.0 or later with architecture 'matching_pursuit'"))
    var standard = try SAELensFolder()
    standard.set("max_iterations", 3)
    guard case .unknownKey("max_iterations", _) = try standard.failure()?.reason else {
      Issue.record("max_iterations with another architecture")
      return
    }
  }

  /// An option that leaves nothing to decide is not ignored.
  @Test func unusableOptions() throws {
    var options = ImportOptions()
    options.k = 3
    guard
      case .refused("the option 'k' with layout 'saelens'", _, _) =
        try make().failure(options)?.reason
    else {
      Issue.record("k was accepted")
      return
    }
  }
}
