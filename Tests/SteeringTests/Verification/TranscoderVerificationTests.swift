import SAE
import Steering
import TestSupport
import Testing

@Suite struct TranscoderVerificationTests {
  private func transcoder() throws -> SparseDictionary {
    var parts = RandomDictionary(featureCount: 48, width: 37, seed: 5).parts(.topK(k: 9))
    parts.kind = .transcoder
    return try SparseDictionary(parts)
  }

  private func file(_ name: String, _ rows: [Float], in folder: TemporaryFolder) throws
    -> Activations
  {
    try writeSafetensors(
      folder.file(name), [TestTensor("activations", [rows.count / 37, 37], rows)])
    return try Activations(folder.file(name))
  }

  @Test func targetsAreWhatFVUComparesWith() throws {
    let folder = try TemporaryFolder()
    let dictionary = try transcoder()
    var generator = SplitMix64(seed: 8)
    let rows = generator.normals(60 * 37)
    let output = try dictionary.decode(try dictionary.encode(rows), of: rows)
    let inputs = try file("in.safetensors", rows, in: folder)
    let right = try Verification(
      dictionary, on: inputs, targets: try file("out.safetensors", output, in: folder))
    #expect(right.verdict == .right)
    #expect((right.all.fvu ?? 1) < 1e-9)
    #expect(abs((right.all.normRatio ?? 0) - 1) < 1e-6)
    let wrong = try Verification(
      dictionary, on: inputs,
      targets: try file("twice.safetensors", output.map { $0 * 4 }, in: folder))
    #expect(wrong.verdict == .wrong)
    let cause = try #require(wrong.causes.first)
    #expect(cause.kinds == [.outputScale])
    #expect(cause.statement == "the reconstruction is multiplied by 4")
  }

  @Test func withoutTargetsOnlyL0IsJudged() throws {
    let folder = try TemporaryFolder()
    let dictionary = try transcoder()
    var generator = SplitMix64(seed: 8)
    let inputs = try file("in.safetensors", generator.normals(60 * 37), in: folder)
    let verification = try Verification(dictionary, on: inputs)
    #expect(verification.verdict == .right)
    #expect(verification.all.fvu == nil)
    #expect(verification.sampleFit == nil)
    #expect(verification.summary.contains("FVU unknown"))
  }

  @Test func whatCannotBeJudgedIsRefused() throws {
    let folder = try TemporaryFolder()
    var generator = SplitMix64(seed: 8)
    let inputs = try file("in.safetensors", generator.normals(60 * 37), in: folder)
    let short = try file("short.safetensors", generator.normals(59 * 37), in: folder)
    var parts = SparseDictionary.Parts(try transcoder())
    parts.activation = .relu
    let bare = try SparseDictionary(parts)
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch let error as SteeringError {
        return error.message
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message { _ = try Verification(bare, on: inputs) }
        .hasPrefix("a transcoder without targets and without a declared L0 cannot be judged"))
    #expect(
      message { _ = try Verification(try transcoder(), on: inputs, targets: short) }
        .contains("short.safetensors has 59 rows, expected 60, one for each row of"))
    for (options, others) in [(true, []), (false, [inputs])] {
      var declared = Verification.Options()
      declared.declaredFVU = options ? 0.2 : nil
      #expect(
        message {
          _ = try Verification(
            try transcoder(), on: inputs, neighbours: others, options: declared)
        }.contains("give the targets"))
    }
    parts.kind = .autoencoder
    let autoencoder = try SparseDictionary(parts)
    #expect(
      message { _ = try Verification(autoencoder, on: inputs, targets: inputs) }
        .contains("targets belong to a transcoder"))
  }
}
