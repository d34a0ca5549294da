import SAE
import TestSupport
import Tensors
import Testing

/// Every check on the parts of a dictionary, each with the reason that it gives.
@Suite struct PartsTests {
  typealias Parts = SparseDictionary.Parts
  typealias Reason = DictionaryError.Reason

  private func reason(
    _ sigma: Sigma = .relu, _ change: (inout Parts) -> Void
  ) -> Reason? {
    var parts = sigma.oracle(featureCount: 6, width: 4, k: 2, seed: 1).parts()
    change(&parts)
    return dictionaryFailure { () throws(DictionaryError) in _ = try SparseDictionary(parts) }
  }

  private func matrix(_ rows: Int, _ columns: Int) -> RowMatrix {
    RowMatrix(
      rowCount: rows, width: columns, values: [Float](repeating: 1, count: rows * columns))
  }

  @Test(arguments: Sigma.allCases)
  func unchangedPartsAreAccepted(_ sigma: Sigma) {
    #expect(reason(sigma) { _ in } == nil)
  }

  @Test func shapes() {
    #expect(
      reason { $0.encoder = EncoderMatrix(matrix(0, 4), layout: .featureMajor) }
        == .field(name: "feature count", found: "0", expected: "at least 1"))
    #expect(
      reason { $0.encoder = EncoderMatrix(matrix(0, 6), layout: .modelMajor) }
        == .field(name: "model width", found: "0", expected: "at least 1"))
    #expect(
      reason { $0.decoder = .dense(matrix(5, 4)) }
        == .shape(tensor: "decoder", found: [5, 4], expected: [6, 4]))
    #expect(
      reason { $0.decoder = .dense(matrix(6, 3)) }
        == .shape(tensor: "decoder", found: [6, 3], expected: [6, 4]))
    #expect(
      reason {
        $0.kind = .transcoder
        $0.decoder = .dense(matrix(6, 0))
      } == .shape(tensor: "decoder", found: [6, 0], expected: [6, 4]))
    #expect(
      reason { $0.encoderBias.removeLast() }
        == .shape(tensor: "encoder bias", found: [5], expected: [6]))
    #expect(
      reason { $0.decoderBias.append(0) }
        == .shape(tensor: "decoder bias", found: [5], expected: [4]))
  }

  @Test func encoderOfTheOtherLayoutIsAccepted() {
    #expect(reason { $0.encoder = EncoderMatrix(matrix(4, 6), layout: .modelMajor) } == nil)
    #expect(
      reason { $0.encoder = EncoderMatrix(matrix(4, 6), layout: .featureMajor) }
        == .shape(tensor: "decoder", found: [6, 4], expected: [4, 6]))
  }

  @Test func nonFiniteVectors() {
    #expect(
      reason { $0.encoderBias[3] = .nan }
        == .nonFiniteWeight(tensor: "encoder bias", row: 0, column: 3))
    #expect(
      reason { $0.decoderBias[1] = .infinity }
        == .nonFiniteWeight(tensor: "decoder bias", row: 0, column: 1))
    let bad: [Float] = [1, 1, 1, 1, 1, .nan]
    let fine = [Float](repeating: 1, count: 6)
    #expect(
      reason { $0.activation = .jumpReLU(threshold: bad) }
        == .nonFiniteWeight(tensor: "threshold", row: 0, column: 5))
    #expect(
      reason { $0.activation = .gated(gateBias: bad, magnitudeBias: fine, scale: fine) }
        == .nonFiniteWeight(tensor: "gate bias", row: 0, column: 5))
    #expect(
      reason { $0.activation = .gated(gateBias: fine, magnitudeBias: bad, scale: fine) }
        == .nonFiniteWeight(tensor: "magnitude bias", row: 0, column: 5))
    #expect(
      reason { $0.activation = .gated(gateBias: fine, magnitudeBias: fine, scale: bad) }
        == .nonFiniteWeight(tensor: "magnitude scale", row: 0, column: 5))
  }

  @Test func activationFields() {
    let short = [Float](repeating: 1, count: 5)
    let fine = [Float](repeating: 1, count: 6)
    #expect(
      reason { $0.activation = .jumpReLU(threshold: short) }
        == .shape(tensor: "threshold", found: [5], expected: [6]))
    #expect(
      reason { $0.activation = .gated(gateBias: short, magnitudeBias: fine, scale: fine) }
        == .shape(tensor: "gate bias", found: [5], expected: [6]))
    #expect(
      reason { $0.activation = .gated(gateBias: fine, magnitudeBias: short, scale: fine) }
        == .shape(tensor: "magnitude bias", found: [5], expected: [6]))
    #expect(
      reason { $0.activation = .gated(gateBias: fine, magnitudeBias: fine, scale: short) }
        == .shape(tensor: "magnitude scale", found: [5], expected: [6]))
    for k in [0, -1, 7] {
      let expected = Reason.field(name: "k", found: "\(k)", expected: "1 to 6, the feature count")
      #expect(reason { $0.activation = .topK(k: k) } == expected)
      #expect(reason { $0.activation = .absTopK(k: k) } == expected)
    }
    for threshold in [Float.nan, .infinity] {
      #expect(
        reason { $0.activation = .batchTopK(threshold: threshold) }
          == .field(name: "threshold", found: "\(threshold)", expected: "a finite number"))
    }
  }

  @Test func normalisationFields() {
    // The inverse of the last factor overflows.
    for factor in [Float.nan, 0, -1, .infinity, .leastNonzeroMagnitude] {
      #expect(
        reason { $0.normalisation = .constantFactor(factor) }
          == .field(
            name: "activation scale", found: "\(factor)", expected: "a positive finite number"))
    }
    for epsilon in [Float.nan, 0, -1e-5, .infinity] {
      #expect(
        reason { $0.normalisation = .layerNorm(epsilon: epsilon) }
          == .field(
            name: "layer norm epsilon", found: "\(epsilon)", expected: "a positive finite number"))
    }
    var narrow = exactOracle([1, 2], .relu)
    narrow.normalisation = .layerNorm(epsilon: 1e-5)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try narrow.dictionary() }
        == .field(name: "model width", found: "1", expected: "at least 2 for layer norm"))
  }

  @Test func combinations() {
    #expect(
      reason {
        $0.kind = .transcoder
        $0.subtractsDecoderBias = true
      }
        == .field(
          name: "subtractsDecoderBias", found: "true",
          expected: "false: a transcoder's decoder bias lives at its output"))
    for sigma in Sigma.allCases where !sigma.competes {
      #expect(
        reason(sigma) { $0.decoderNormRole = .rescalesActivations }
          == .field(
            name: "decoderNormRole", found: "rescalesActivations with \(sigma.rawValue)",
            expected: "topK, absTopK or signedTopK"))
    }
    #expect(
      reason { $0.skip = matrix(4, 4) }
        == .field(name: "skip", found: "an autoencoder", expected: "a transcoder"))
    for (rows, columns) in [(4, 3), (3, 4)] {
      #expect(
        reason {
          $0.kind = .transcoder
          $0.skip = matrix(rows, columns)
        } == .shape(tensor: "skip", found: [rows, columns], expected: [4, 4]))
    }
  }

  /// A decoder row of zeros under rescaling never fires and divides by nothing.
  @Test func zeroDecoderRowUnderRescaling() throws {
    for sigma in [Sigma.topK, .absTopK] {
      var oracle = sigma.oracle(featureCount: 6, width: 4, k: 6, seed: 2)
      oracle.rescalesByDecoderNorm = true
      for column in 0..<4 { oracle.decoder[2 * 4 + column] = 0 }
      let dictionary = try oracle.dictionary()
      let row: [Float] = [1, -1, 2, 0.5]
      let codes = try dictionary.codes(of: row, count: 1)
      #expect(codes.activation(of: 2, row: 0) == 0)
      let (decoded, _) = try dictionary.reconstructions(codes, row: 0, of: row)
      #expect(decoded.allSatisfy { $0.isFinite })
    }
  }

  @Test func architectureFields() {
    for k in [0, 7] {
      #expect(
        reason { $0.activation = .signedTopK(k: k) }
          == .field(name: "k", found: "\(k)", expected: "1 to 6, the feature count"))
    }
    for groups in [0, -1, 4, 12] {
      #expect(
        reason { $0.activation = .groupMax(groups: groups) }
          == .field(
            name: "groups", found: "\(groups)", expected: "a divisor of 6, the feature count"))
      #expect(
        reason { $0.activation = .blockTopK(blockSize: groups, blocks: 1) }
          == .field(
            name: "block size", found: "\(groups)", expected: "a divisor of 6, the feature count"))
    }
    for blocks in [0, 4] {
      #expect(
        reason { $0.activation = .blockTopK(blockSize: 2, blocks: blocks) }
          == .field(name: "blocks", found: "\(blocks)", expected: "1 to 3, the block count"))
    }
    #expect(
      reason { $0.activation = .matchingPursuit(residualThreshold: 0, maximumIterations: 3) }
        == .field(
          name: "activation", found: "matchingPursuit with an encoder of its own",
          expected: "one matrix for encoder and decoder"))
    for (threshold, iterations) in [(Float.nan, 1), (-1, 1), (.infinity, 1), (0, 0)] {
      let found = reason(.matchingPursuit) {
        $0.activation = .matchingPursuit(
          residualThreshold: threshold, maximumIterations: iterations)
      }
      #expect(
        found
          == (iterations == 0
            ? .field(name: "maximum iterations", found: "0", expected: "at least 1")
            : .field(
              name: "residual threshold", found: "\(threshold)",
              expected: "a finite number, at least 0")))
    }
    // Where repeats do not stop it, nothing but the number of steps need end it.
    for (iterations, stops, isRefused) in [
      (4096, false, false), (4097, false, true), (Int(Int32.max), false, true),
      (Int(Int32.max), true, false),
    ] {
      let found = reason(.matchingPursuit) {
        $0.activation = .matchingPursuit(
          residualThreshold: 0, maximumIterations: iterations, stopsOnRepeat: stops)
      }
      #expect(
        found
          == (isRefused
            ? .field(
              name: "maximum iterations", found: "\(iterations)",
              expected:
                "at most 4096, 4096 or 16 times the width, where repeats do not stop the pursuit")
            : nil))
    }
    #expect(
      reason(.matchingPursuit) { $0.encoderBias[4] = 2 }
        == .field(name: "encoder bias[4]", found: "2.0", expected: "0 with matchingPursuit"))
    #expect(
      reason(.matchingPursuit) { $0.kind = .transcoder }
        == .field(
          name: "activation", found: "matchingPursuit in a transcoder", expected: "an autoencoder"))
  }

  @Test func twoSidedThresholds() {
    func reason(_ change: (inout BiJumpReLU) -> Void) -> Reason? {
      self.reason {
        let six = [Float](repeating: 0.5, count: 6)
        var sides = BiJumpReLU(
          positiveThreshold: six, negativeThreshold: six, positiveGain: six, negativeGain: six,
          positiveOffset: six, negativeOffset: six)
        change(&sides)
        $0.activation = .biJumpReLU(sides)
      }
    }
    #expect(reason { $0.negativeThreshold[1] = .infinity } == nil)
    #expect(reason { $0.negativeThreshold[1] = -0.5 } == nil)
    #expect(
      reason { $0.negativeThreshold[1] = -0.75 }
        == .field(
          name: "negative threshold[1]", found: "-0.75",
          expected: "at least -0.5: the sides must not overlap"))
    for bad in [Float.nan, -.infinity] {
      #expect(
        reason { $0.positiveThreshold[2] = bad }
          == .field(
            name: "positive threshold[2]", found: "\(bad)",
            expected: "a finite number, or infinity for never"))
    }
    #expect(
      reason { $0.negativeThreshold.removeLast() }
        == .shape(tensor: "negative threshold", found: [5], expected: [6]))
    #expect(
      reason { $0.positiveGain[3] = .infinity }
        == .nonFiniteWeight(tensor: "positive gain", row: 0, column: 3))
    #expect(
      reason { $0.negativeOffset = [] }
        == .shape(tensor: "negative offset", found: [0], expected: [6]))
  }

  @Test func rolesScalesAndPrefixes() {
    for sigma in Sigma.allCases {
      let expected: Reason? =
        sigma.canRankByNorm
        ? nil
        : .field(
          name: "decoderNormRole", found: "ranksOnly with \(sigma.rawValue)",
          expected: "a function that keeps pre-activations as they are")
      #expect(reason(sigma) { $0.decoderNormRole = .ranksOnly } == expected)
    }
    for factor in [Float.nan, 0, -1, .infinity] {
      #expect(
        reason { $0.outputScale = .factor(factor) }
          == .field(
            name: "output scale", found: "\(factor)", expected: "a positive finite number"))
    }
    for (prefixes, name, found, expected) in [
      ([0, 6], "prefixes[0]", 0, "1 to 6: ascending"),
      ([2, 2, 6], "prefixes[1]", 2, "3 to 6: ascending"),
      ([2, 7], "prefixes[1]", 7, "3 to 6: ascending"),
      ([2, 4], "prefixes", 4, "6, the feature count, as last"),
    ] {
      #expect(
        reason { $0.prefixes = prefixes }
          == .field(name: name, found: "\(found)", expected: expected))
    }
    #expect(reason { $0.prefixes = [1, 3, 6] } == nil)
  }

  @Test func prefixesAreFew() {
    func reason(_ count: Int) -> Reason? {
      var parts = Sigma.relu.oracle(featureCount: 80, width: 4, seed: 1).parts()
      parts.prefixes = Array(1..<count) + [80]
      return dictionaryFailure { () throws(DictionaryError) in _ = try SparseDictionary(parts) }
    }
    #expect(reason(64) == nil)
    #expect(reason(65) == .field(name: "prefixes", found: "65 of them", expected: "at most 64"))
  }

  /// The row that is written has not the statistics of the row that was read.
  @Test(arguments: [
    Normalisation.none, .constantFactor(2), .rootWidthOverNorm, .layerNorm(epsilon: 1e-5),
  ])
  func transcodersUndoNoStatistics(_ normalisation: Normalisation) {
    func reason(_ scale: OutputScale?, _ kind: SparseDictionary.Kind) -> Reason? {
      self.reason {
        $0.kind = kind
        $0.normalisation = normalisation
        $0.outputScale = scale
      }
    }
    for scale in [nil, OutputScale.none, .factor(2)] {
      #expect(reason(scale, .transcoder) == nil)
    }
    #expect(reason(.undoesNormalisation, .autoencoder) == nil)
    let refusal = Reason.field(
      name: "output scale", found: "\(normalisation.name) undone in a transcoder",
      expected: "none or a factor: a transcoder's output cannot undo its input's statistics")
    #expect(
      reason(.undoesNormalisation, .transcoder) == (normalisation.dependsOnRow ? refusal : nil))
  }

  /// Activations are divided by norms: both the norm and its inverse must be numbers.
  @Test(arguments: [DecoderNormRole.rescalesActivations, .ranksOnly])
  func decoderNormsHaveInverses(_ role: DecoderNormRole) {
    func reason(_ value: Float, _ normalisation: Normalisation = .none) -> Reason? {
      self.reason(.topK) {
        var values = [Float](repeating: 1, count: 24)
        for column in 0..<4 { values[3 * 4 + column] = value }
        $0.decoder = .dense(RowMatrix(rowCount: 6, width: 4, values: values))
        $0.decoderNormRole = role
        $0.normalisation = normalisation
      }
    }
    func refusal(_ norm: Double) -> Reason {
      .field(
        name: "decoder norm of feature 3", found: "\(norm)",
        expected: "a finite f32 whose inverse is finite, or 0")
    }
    for value: Float in [0, 1e-30, 1e38] { #expect(reason(value) == nil) }
    // Twice the value each, in f64.
    for value: Float in [3e38, 1e-40] { #expect(reason(value) == refusal(2 * Double(value))) }
    if role == .rescalesActivations {
      #expect(
        reason(1e-30, .constantFactor(1e20))
          == refusal(2 * Double(Float(1e-30)) / Double(Float(1e20))))
    }
  }

  /// Every field that a dictionary has is that of the parts it gives back.
  @Test func copiesAreWhole() throws {
    var parts = Sigma.topK.oracle(featureCount: 6, width: 4, k: 2, seed: 1).parts()
    parts.flattensHeads = true
    parts.excludesSpecialTokens = true
    parts.prefixes = [2, 6]
    parts.outputScale = .factor(2)
    parts.normalisation = .constantFactor(3)
    parts.decoderNormRole = .rescalesActivations
    parts.subtractsDecoderBias = true
    parts.files = ["a"]
    parts.ledger = [LedgerEntry("subject", "statement", source: .measured)]
    let copy = try SparseDictionary(SparseDictionary.Parts(SparseDictionary(parts)))
    #expect(copy.flattensHeads)
    #expect(copy.excludesSpecialTokens == true)
    #expect(copy.prefixes == [2, 6])
    #expect(copy.outputScale == .factor(2))
    #expect(copy.normalisation == .constantFactor(3))
    #expect(copy.decoderNormRole == .rescalesActivations)
    #expect(copy.subtractsDecoderBias)
    #expect(copy.files == ["a"])
    #expect(copy.ledger.map(\.subject) == ["subject"])
  }
}
