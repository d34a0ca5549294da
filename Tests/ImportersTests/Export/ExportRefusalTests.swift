import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// What stops a dictionary from being written, and that nothing is left then.
@Suite struct ExportRefusalTests {
  private func dictionary(
    _ change: (inout SparseDictionary.Parts) -> Void = { _ in }
  ) throws -> SparseDictionary {
    var parts = RandomDictionary(featureCount: 6, width: 4, seed: 2).parts(.relu)
    change(&parts)
    return try SparseDictionary(parts)
  }

  private func decoder(_ poke: (index: Int, value: Float)) -> RowMatrix {
    var values = [Float](repeating: 0.5, count: 24)
    values[poke.index] = poke.value
    return RowMatrix(rowCount: 6, width: 4, values: values)
  }

  @Test(arguments: ExportTarget.allCases)
  func anExistingFolderStays(_ target: ExportTarget) throws {
    let folder = try TemporaryFolder()
    try folder.write("mine", to: "copy")
    let path = folder.file("copy")
    let failure = exportFailure(try dictionary(), target, path)
    #expect(failure?.reason == .exists(folder: path))
    #expect(try folder.bytes("copy") == Array("mine".utf8))
  }

  @Test(arguments: ExportTarget.allCases)
  func weightsThatAreNoNumbersAreNamed(_ target: ExportTarget) throws {
    let folder = try TemporaryFolder()
    let failure = exportFailure(
      try dictionary { $0.decoder = .dense(decoder((9, .nan))) }, target, folder.file("copy"))
    #expect(
      failure?.reason
        == .dictionary(DictionaryError(.nonFiniteWeight(tensor: "decoder", row: 2, column: 1))))
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
  }

  /// 1/3 in bf16 is 171/512.
  @Test func aNumberThatATypeDoesNotHoldNeedsPermission() throws {
    let folder = try TemporaryFolder()
    let dictionary = try dictionary {
      let matrix = decoder((13, 1 / 3))
      $0.decoder = .dense(matrix)
      $0.encoder = EncoderMatrix(decoder((0, 0.5)), layout: .featureMajor)
    }
    let narrow = ExportOptions(type: .bf16)
    #expect(
      exportFailure(dictionary, .native, folder.file("copy"), narrow)?.reason
        == .valueChanges(
          tensor: "decoder", row: 3, column: 1, from: "0.33333334", to: "0.33398438", type: "BF16"))
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
    let report = try DictionaryExport.native(
      dictionary, to: folder.file("copy"),
      options: ExportOptions(type: .bf16, allowsRounding: true))
    let third = Double(Float(1) / 3)
    let rounding = try #require(report.roundings.first)
    #expect(report.roundings.count == 1)
    #expect(rounding.tensor == "decoder" && rounding.changedCount == 1 && rounding.count == 24)
    #expect(rounding.largestRelativeChange == (171.0 / 512 - third) / third)
    let copy = try DictionaryImporter.open(folder.file("copy"))
    #expect(copy.decoder.values(ofRow: 3, .best) == [0.5, 171 / 512, 0.5, 0.5])
    let entry = try #require(copy.ledger.last)
    #expect(entry.subject == "decoder")
    #expect(entry.statement.hasPrefix("1 of 24 numbers rounded"))
  }

  @Test func aNumberBeyondATypeIsRefusedAnyhow() throws {
    let folder = try TemporaryFolder()
    let dictionary = try dictionary { $0.decoder = .dense(decoder((7, 70_000))) }
    #expect(
      exportFailure(
        dictionary, .native, folder.file("copy"), ExportOptions(type: .f16, allowsRounding: true)
      )?.reason
        == .outOfRange(tensor: "decoder", row: 1, column: 3, found: "70000.0", type: "F16"))
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
  }

  /// exp has no f32 argument for most numbers near 10^6: neighbours are a relative 2^-21 apart.
  @Test func aScaleWithoutALogarithmNeedsPermission() throws {
    let folder = try TemporaryFolder()
    let scale: [Float] = [1_000_001, 1, 2, 1, 1, 1]
    let zeros = [Float](repeating: 0, count: 6)
    let dictionary = try dictionary {
      $0.encoderBias = zeros
      $0.activation = .gated(gateBias: zeros, magnitudeBias: zeros, scale: scale)
    }
    guard
      case .wouldRound(let what, _) = exportFailure(dictionary, .saelens, folder.file("copy"))?
        .reason
    else {
      Issue.record("written without permission")
      return
    }
    #expect(what == "the magnitude scale 1000001.0 of feature 0")
    let report = try DictionaryExport.saelens(
      dictionary, to: folder.file("copy"), options: ExportOptions(allowsRounding: true))
    #expect(report.roundings.map(\.tensor) == ["r_mag"])
    #expect(report.roundings.first?.changedCount == 1)
    guard case .gated(_, _, let found) = try DictionaryImporter.open(folder.file("copy")).activation
    else {
      Issue.record("another activation")
      return
    }
    #expect(Array(found.dropFirst()) == Array(scale.dropFirst()))
    #expect(abs(found[0] / scale[0] - 1) < 1e-6)
  }

  @Test(arguments: DictionaryFormat.allCases)
  func onlyCrossLayerTranscodersHaveNoTarget(_ format: DictionaryFormat) {
    for target in ExportTarget.allCases {
      do throws(ExportError) {
        try DictionaryExport.check(format, for: target)
        #expect(!format.isCrossLayer)
      } catch {
        #expect(format.isCrossLayer)
        guard case .cannotHold(target, let what, _) = error.reason else {
          Issue.record("\(error)")
          continue
        }
        #expect(what == "a cross-layer transcoder (\(format.rawValue))")
      }
    }
  }

  @Test func progressRunsToTheEnd() throws {
    let folder = try TemporaryFolder()
    var seen: [(done: Int, total: Int)] = []
    _ = try DictionaryExport.native(try dictionary(), to: folder.file("copy")) {
      seen.append(($0, $1))
    }
    // Two matrices of 24 numbers, two biases.
    #expect(Set(seen.map(\.total)) == [4 * (24 + 24 + 6 + 4)])
    #expect(seen.map(\.done) == seen.map(\.done).sorted())
    #expect(seen.last?.done == seen.last?.total)
  }
}
