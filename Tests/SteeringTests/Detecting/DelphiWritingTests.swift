import Detector
import Foundation
import SAE
import Steering
import Testing
import TestSupport

@Suite struct DelphiWritingTests {
  private let masking = Masking(skipsSpecial: false)

  private func encoding(_ shard: Shard, _ folder: TemporaryFolder) throws -> ActivationEncoding {
    try ActivationEncoding(
      try Activations(try shard.write(folder), tensor: "activations"),
      with: try shard.sample.dictionary())
  }

  @Test(arguments: [true, false])
  func cachesReadBack(withTokens: Bool) throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Sample.all[0], lengths: [20, 20, 20])
    if withTokens { shard.tokens = (0..<60).map { 1000 - $0 } }
    var encoding = try encoding(shard, folder)
    let path = folder.file("layers.3")
    try encoding.writeCache(to: path)
    #expect(encoding.report.outputPath == path)
    #expect(encoding.report.tensors.first?.hasPrefix("locations U16 [") == true)
    let documents = try DocumentReader(
      path, source: .codes(featureCount: 48), masking: masking
    ).all()
    let originals = try DocumentReader(
      folder.file("shard.safetensors"), source: .rows(try shard.sample.dictionary()),
      masking: masking
    ).all()
    #expect(documents.count == 3)
    for (document, original) in zip(documents, originals) {
      #expect(document.tokenCount == 20)
      #expect((document.identity == original.identity) == withTokens)
      let kept = original.values.indices.filter { abs(original.values[$0]) > 1e-5 }
      #expect(document.features == kept.map { original.features[$0] })
      #expect(document.values == kept.map { Float(Float16(original.values[$0])) })
    }
    let again = steeringError { try encoding.writeCache(to: path) }
    #expect(again?.code == .inputOutput)
  }

  @Test func documentsOfDifferentLengthsAreRefused() throws {
    let folder = try TemporaryFolder()
    for (lengths, row) in [([4, 5, 4], 8), ([4, 3, 4], 7)] {
      var encoding = try encoding(Shard(Sample.all[0], lengths: lengths), folder)
      let error = steeringError { try encoding.writeCache(to: folder.file("c")) }
      #expect(error?.code == .shapeMismatch)
      #expect(
        error?.message.contains("row \(row) is ") == true, "\(error?.message ?? "nothing")")
    }
    var short = try encoding(Shard(Sample.all[0], lengths: [4, 3]), folder)
    #expect(
      steeringError { try short.writeCache(to: folder.file("c")) }?.message.contains(
        "the last document has 3 rows, expected 4") == true)
    #expect(!FileManager.default.fileExists(atPath: folder.file("c")))
  }

  @Test func activationsBeyondHalfPrecisionAreRefused() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Sample.all[0], lengths: [2])
    shard.rows[1] = shard.rows[1].map { $0 * 1e5 }
    var encoding = try encoding(shard, folder)
    let error = steeringError { try encoding.writeCache(to: folder.file("c")) }
    #expect(error?.code == .nonFinite && error?.message.hasPrefix("row 1: ") == true)
  }
}
