import Foundation
import SAE
import Steering
import TestSupport
import Testing

/// A real dictionary, loaded wrong on purpose: the true cause must come first.
@Suite struct MisloadedTests {
  private func expectExplained(
    _ verification: Verification, _ kinds: [VerificationCause.Kind],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(verification.verdict == .wrong, sourceLocation: sourceLocation)
    let first = try #require(verification.causes.first, sourceLocation: sourceLocation)
    #expect(first.kinds == kinds, "\(verification.summary)", sourceLocation: sourceLocation)
    #expect(first.explains, sourceLocation: sourceLocation)
    #expect(verification.explanation == first, sourceLocation: sourceLocation)
    #expect(
      verification.summary.hasPrefix("load looks wrong: "), sourceLocation: sourceLocation)
  }

  @Test func theRightLoadIsNotAccused() throws {
    let verification = try RealRows.verify(
      try RealRows.parts(), neighbours: [RealRows.layer09])
    #expect(verification.verdict == .right)
    #expect(verification.reasons == [])
    #expect(verification.explanation == nil)
    #expect(!verification.causes.contains { $0.explains })
    #expect(verification.ordinary.l0 == 32)
    // What an independent run in NumPy gives for these rows: 0.19743.
    #expect(abs((verification.ordinary.fvu ?? 1) - 0.1974) < 5e-4)
    #expect(verification.summary == "load looks right: FVU 0.197, L0 32.0 (declared k 32)")
  }

  @Test func everyRightFormIsNotAccused() throws {
    var scaled = try RealRows.unfolded()
    scaled.normalisation = .constantFactor(RealRows.scale)
    var options = Verification.Options()
    options.declaredL0 = 32
    for (parts, options) in [
      (scaled, Verification.Options()), (try RealRows.square(), .init()),
      (try RealRows.llamaScope(threshold: RealRows.threshold), options),
    ] {
      let verification = try RealRows.verify(parts, options)
      #expect(verification.verdict == .right, "\(verification.summary)")
    }
  }

  @Test func specialRowsThatAreJudged() throws {
    var options = Verification.Options()
    options.rows = .all
    let verification = try RealRows.verify(try RealRows.parts(), options)
    try expectExplained(verification, [.specialRows])
    #expect(verification.specialCount == 12)
    #expect((verification.leftOutVariance ?? 0) > 0.5)
    #expect(verification.judged == verification.all)
    // Their norm makes the FVU of all rows look better, so that it cannot be what is complained of.
    if let before = verification.all.fvu, let after = verification.ordinary.fvu, after >= before {
      let reason = try #require(verification.reasons.last)
      #expect(verification.summary.hasPrefix("load looks wrong: \(reason)"))
    } else {
      Issue.record("special rows are expected to hide the error of the others")
    }
  }

  /// Two things are wrong: the load is what explains, the special rows come behind it.
  @Test func specialRowsDoNotHideAnotherCause() throws {
    var parts = try RealRows.parts()
    parts.subtractsDecoderBias = false
    var options = Verification.Options()
    options.rows = .all
    let verification = try RealRows.verify(parts, options)
    #expect(verification.verdict == .wrong)
    #expect(verification.explanation?.kinds == [.decoderBias], "\(verification.summary)")
    #expect(verification.causes.contains { $0.kinds == [.specialRows] })
    #expect(verification.causes.first?.kinds == [.decoderBias])
  }

  /// Trained with an L1 penalty: activations are too small by as much as the bias was lowered, so rows
  /// scaled up, which makes more features active, always fit better.
  @Test func shrunkenActivationsAreNotAccused() throws {
    var parts = try RealRows.parts()
    parts.activation = .relu
    parts.encoderBias = parts.encoderBias.map { $0 - RealRows.threshold }
    let verification = try RealRows.verify(parts)
    #expect(abs((verification.ordinary.l0 ?? 0) - 32) < 8)
    #expect((verification.ordinary.fvu ?? 1) < VerificationBands.largestFVU)
    let base = try #require(verification.sampleFit?.fvu)
    #expect(
      verification.causes.contains {
        $0.kinds == [.activationScale] && ($0.fit.fvu ?? 1) < 0.7 * base
      })
    #expect(verification.verdict == .right, "\(verification.summary)")
    #expect(!verification.causes.contains { $0.explains })
  }

  /// More features always fit better: no word against a threshold of which nothing else complains.
  @Test(arguments: [RealRows.threshold, 2.2])
  func aThresholdIsNotAccusedOfBeingOne(_ threshold: Float) throws {
    let verification = try RealRows.verify(try RealRows.llamaScope(threshold: threshold))
    #expect(verification.expected.l0 == nil)
    #expect((verification.ordinary.fvu ?? 1) < VerificationBands.largestFVU)
    #expect(verification.verdict == .right, "\(verification.summary)")
  }

  @Test(arguments: [8, 64])
  func aWrongKIsFoundByTheDeclaredL0(_ k: Int) throws {
    var parts = try RealRows.parts()
    parts.activation = .topK(k: k)
    var options = Verification.Options()
    options.declaredL0 = 32
    let verification = try RealRows.verify(parts, options)
    #expect(verification.verdict == .wrong)
    let cause = try #require(verification.explanation, "\(verification.summary)")
    #expect(cause.kinds == [.selection])
    #expect(cause.advice == "set k to 32 in cfg.json, or pass --top-k 32")
    #expect(cause.fit.l0 == 32)
  }

  /// A factor before and one after are free to fit rows of another layer.
  @Test func twoFittedFactorsAreNoExplanation() throws {
    var parts = try RealRows.unfolded()
    parts.decoder = .dense(RealRows.scaled(parts.decoder, by: 3))
    let verification = try RealRows.verify(parts)
    #expect(verification.verdict == .wrong)
    #expect(
      !verification.causes.contains {
        Set($0.kinds) == [.activationScale, .outputScale]
      })
  }

  /// No normalisation is one decision; a fitted factor of about 1 is the same with a number too many.
  @Test func noNormalisationIsNotAFactorOfOne() throws {
    var parts = try RealRows.parts()
    parts.normalisation = .rootWidthOverNorm
    let verification = try RealRows.verify(parts)
    #expect(verification.verdict == .wrong)
    #expect(verification.explanation?.kinds == [.normalisation], "\(verification.summary)")
    #expect(verification.explanation?.statement == "rows are not normalised")
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch let error as SteeringError {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  /// One row, equal rows, and rows of zeros.
  @Test(arguments: ["one", "equal", "zero"])
  func rowsThatDoNotVaryAreRefused(_ rows: String) throws {
    let folder = try TemporaryFolder()
    let dictionary = try RealRows.parts()
    let width = dictionary.encoder.modelWidth
    var generator = SplitMix64(seed: 3)
    let row = generator.normals(width, scale: 300)
    let values =
      switch rows {
      case "equal": Array(repeating: row, count: 40).flatMap { $0 }
      case "zero": [Float](repeating: 0, count: 40 * width)
      default: row
      }
    try writeSafetensors(
      folder.file("rows.safetensors"),
      [TestTensor("activations", [values.count / width, width], values)])
    let text = message {
      _ = try RealRows.verify(dictionary, on: folder.file("rows.safetensors"))
    }
    #expect(text.contains("ordinary rows without variance cannot judge a dictionary"), "\(text)")
  }

  @Test func fewRowsAreAWarning() throws {
    let folder = try TemporaryFolder()
    let dictionary = try RealRows.parts()
    let width = dictionary.encoder.modelWidth
    var generator = SplitMix64(seed: 3)
    for (count, warns) in [(20, true), (60, false)] {
      let path = folder.file("rows\(count).safetensors")
      try writeSafetensors(
        path, [TestTensor("activations", [count, width], generator.normals(count * width))])
      let verification = try RealRows.verify(dictionary, on: path)
      #expect(verification.warnings.isEmpty != warns)
      let counted = "only \(verification.ordinary.rowCount) rows are judged"
      if warns { #expect(verification.warnings.first?.hasPrefix(counted) == true) }
    }
  }

  @Test func droppedScale() throws {
    let verification = try RealRows.verify(try RealRows.unfolded())
    try expectExplained(verification, [.activationScale])
    let cause = try #require(verification.causes.first)
    #expect(abs((cause.fit.fvu ?? 1) - (verification.ordinary.fvu ?? 0)) > 0.6)
    // The true factor is 0.004336; the search may stop within a few percent of it.
    let number = try #require(
      cause.advice.split(separator: " ").last.flatMap { Double(String($0)) }, "\(cause.advice)")
    #expect(abs(number / Double(RealRows.scale) - 1) < 0.1, "\(cause.advice)")
    #expect(cause.advice.contains("--activation-scale "))
  }

  @Test func decoderBiasThatIsNotSubtracted() throws {
    var parts = try RealRows.parts()
    parts.subtractsDecoderBias = false
    let verification = try RealRows.verify(parts)
    try expectExplained(verification, [.decoderBias])
    #expect(verification.causes.first?.advice == "set apply_b_dec_to_input to true in cfg.json")
  }

  @Test func transposedDecoder() throws {
    var parts = try RealRows.square()
    guard case .dense(let matrix) = parts.decoder else { fatalError("the bundle is dense") }
    parts.decoder = .dense(matrix.transposed(.best))
    try expectExplained(try RealRows.verify(parts), [.transposedDecoder])
  }

  @Test func transposedEncoder() throws {
    var parts = try RealRows.square()
    guard case .dense(let matrix) = parts.encoder.stored else { fatalError("the bundle is dense") }
    parts.encoder = EncoderMatrix(matrix, layout: .modelMajor)
    try expectExplained(try RealRows.verify(parts), [.transposedEncoder])
  }

  @Test func rowsOfAnotherLayer() throws {
    let verification = try RealRows.verify(
      try RealRows.parts(), on: RealRows.layer09, neighbours: [RealRows.layer12])
    try expectExplained(verification, [.otherRows])
    #expect(verification.summary.contains(RealRows.layer12))
  }

  @Test func withoutTheRightRowsNoCauseIsMadeUp() throws {
    let verification = try RealRows.verify(try RealRows.parts(), on: RealRows.layer09)
    #expect(verification.verdict == .wrong)
    #expect(verification.explanation == nil)
    #expect(verification.summary.hasSuffix("no cause that was tried explains it"))
  }

  @Test(arguments: [Float(1), -1])
  func thresholdInTheWrongUnits(_ exponent: Float) throws {
    // Stored in raw units and not multiplied by the scale, or multiplied twice.
    let factor = exponent > 0 ? 1 / RealRows.scale : RealRows.scale
    var options = Verification.Options()
    options.declaredL0 = 32
    let verification = try RealRows.verify(
      try RealRows.llamaScope(threshold: RealRows.threshold * factor), options)
    try expectExplained(verification, [.thresholdUnits])
    let first = try #require(verification.causes.first)
    #expect(first.statement.contains("the activation scale"), "\(first.statement)")
    #expect(abs((first.fit.l0 ?? 0) - 32) < 8)
  }

  /// Raw units, where no part of the dictionary tells the scale any more.
  @Test func thresholdOfScaledUnitsInRawUnits() throws {
    var parts = try RealRows.unfolded()
    parts.decoderBias = try RealRows.parts().decoderBias
    parts.encoderBias = parts.encoderBias.map { $0 / RealRows.scale }
    parts.activation = .jumpReLU(
      threshold: Array(repeating: RealRows.threshold, count: parts.encoder.featureCount))
    var options = Verification.Options()
    options.declaredL0 = 32
    let verification = try RealRows.verify(parts, options)
    try expectExplained(verification, [.thresholdUnits])
  }

  @Test func twoMistakesTogether() throws {
    var parts = try RealRows.unfolded()
    parts.subtractsDecoderBias = false
    let verification = try RealRows.verify(parts)
    #expect(verification.verdict == .wrong)
    let first = try #require(verification.explanation)
    #expect(Set(first.kinds) == [.activationScale, .decoderBias], "\(verification.summary)")
    #expect(!verification.causes.contains { $0.kinds.count == 1 && $0.explains })
  }

  @Test func noiseHasNoCause() throws {
    let folder = try TemporaryFolder()
    let dictionary = try RealRows.parts()
    let width = dictionary.encoder.modelWidth
    var generator = SplitMix64(seed: 11)
    try writeSafetensors(
      folder.file("noise.safetensors"),
      [TestTensor("activations", [200, width], generator.normals(200 * width, scale: 500))])
    let verification = try RealRows.verify(dictionary, on: folder.file("noise.safetensors"))
    #expect(verification.verdict == .wrong)
    #expect(verification.explanation == nil, "\(verification.summary)")
    #expect(verification.summary.hasSuffix("no cause that was tried explains it"))
  }

  @Test func theSameFilesGiveTheSameBits() throws {
    var parts = try RealRows.unfolded()
    parts.subtractsDecoderBias = false
    let first = try RealRows.verify(parts)
    let second = try RealRows.verify(parts)
    #expect(first.causes == second.causes)
    #expect(first.ordinary == second.ordinary)
    #expect(first.coherence == second.coherence)
  }
}
