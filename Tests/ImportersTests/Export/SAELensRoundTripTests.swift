import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// SAELens' layout: exact where it holds a dictionary, refused with the reason where it does not.
@Suite struct SAELensRoundTripTests {
  @Test(arguments: ExportCase.all.filter { $0.saelens == .exact })
  func whatFitsComesBack(_ example: ExportCase) throws {
    let folder = try TemporaryFolder()
    let dictionary = try example.dictionary()
    let report = try DictionaryExport.saelens(dictionary, to: folder.file("once"))
    #expect(report.roundings.isEmpty)
    let copy = try DictionaryImporter.open(folder.file("once"))
    let expected = try SparseDictionary(try Self.expected(dictionary))
    #expect(try copy.difference(from: expected, ledger: false) == nil)
    // Dense products sum in another order than those of an expander.
    if case .dense = dictionary.decoder {
      let rows = ExportCase.rows(9)
      #expect(try copy.codeDifference(from: dictionary, rows: rows, count: 9) == nil)
    }
    _ = try DictionaryExport.saelens(copy, to: folder.file("twice"))
    for name in ["cfg.json", "sae_weights.safetensors"] {
      #expect(try folder.bytes("once/" + name) == folder.bytes("twice/" + name), "\(name)")
    }
  }

  /// What the layout makes of a dictionary, by arithmetic that is exact for powers of two.
  private static func expected(_ dictionary: SparseDictionary) throws -> SparseDictionary.Parts {
    var scale: Float = 1
    if case .constantFactor(let factor) = dictionary.normalisation { scale = factor }
    func dense(_ rows: FeatureRows, _ factor: Float) -> RowMatrix {
      RowMatrix(
        rowCount: rows.rowCount, width: rows.width,
        values: (0..<rows.rowCount).flatMap { row in
          rows.values(ofRow: row, .best).map { $0 * factor }
        })
    }
    let decoder = dense(dictionary.decoder, 1 / scale)
    var encoder = decoder
    if dictionary.activation.name != "matchingPursuit" {
      encoder = dense(try dictionary.encoder.featureMajor(.best), scale)
    }
    var parts = SparseDictionary.Parts(
      name: "expected", encoder: EncoderMatrix(encoder, layout: .featureMajor),
      decoder: decoder, encoderBias: dictionary.encoderBias,
      decoderBias: dictionary.decoderBias.map { $0 / scale }, activation: dictionary.activation)
    if case .batchTopK(let threshold) = dictionary.activation {
      parts.activation = .jumpReLU(
        threshold: Array(repeating: threshold, count: dictionary.featureCount))
    }
    parts.kind = dictionary.kind
    parts.normalisation = scale == 1 ? dictionary.normalisation : .none
    parts.subtractsDecoderBias = dictionary.subtractsDecoderBias
    parts.decoderNormRole = dictionary.decoderNormRole
    parts.skip = dictionary.skip
    parts.flattensHeads = dictionary.flattensHeads
    parts.excludesSpecialTokens = dictionary.excludesSpecialTokens
    parts.input = dictionary.input
    parts.output = dictionary.output
    return parts
  }

  @Test(arguments: ExportCase.all.filter { $0.saelens == .refused })
  func whatDoesNotFitIsRefused(_ example: ExportCase) throws {
    let folder = try TemporaryFolder()
    for allowsRounding in [false, true] {
      let failure = exportFailure(
        try example.dictionary(), .saelens, folder.file("copy"),
        ExportOptions(allowsRounding: allowsRounding))
      guard case .cannotHold(.saelens, let what, let why) = failure?.reason else {
        Issue.record("\(String(describing: failure))")
        return
      }
      #expect(!what.isEmpty && !why.isEmpty)
    }
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
  }

  @Test(arguments: ExportCase.all.filter { $0.saelens == .rounding })
  func whatRoundsNeedsPermission(_ example: ExportCase) throws {
    let folder = try TemporaryFolder()
    let dictionary = try example.dictionary()
    guard
      case .wouldRound = exportFailure(dictionary, .saelens, folder.file("copy"))?.reason
    else {
      Issue.record("written without permission")
      return
    }
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
    let report = try DictionaryExport.saelens(
      dictionary, to: folder.file("copy"), options: ExportOptions(allowsRounding: true))
    #expect(report.roundings.map(\.tensor) == ["W_enc", "W_dec", "b_dec"])
    let copy = try DictionaryImporter.open(folder.file("copy"))
    #expect(copy.normalisation == .none)
    guard case .constantFactor(let factor) = dictionary.normalisation else {
      Issue.record("the example has a factor")
      return
    }
    try checkFold(report, copy, dictionary, Double(factor))
  }

  /// Every number is the nearest to what exact arithmetic gives, and the report has the largest change.
  private func checkFold(
    _ report: ExportReport, _ copy: SparseDictionary, _ original: SparseDictionary,
    _ factor: Double
  ) throws {
    let encoder = try original.encoder.featureMajor(.best)
    let copied = try copy.encoder.featureMajor(.best)
    var largest = 0.0
    var changed = 0
    for row in 0..<original.featureCount {
      for (before, after) in zip(
        encoder.values(ofRow: row, .best), copied.values(ofRow: row, .best))
      {
        let exact = Double(before) * factor
        #expect(abs(Double(after) - exact) <= abs(exact) * 0x1p-24)
        if Double(after) != exact {
          changed += 1
          largest = max(largest, abs(Double(after) - exact) / abs(exact))
        }
      }
      for (before, after) in zip(
        original.decoder.values(ofRow: row, .best), copy.decoder.values(ofRow: row, .best))
      {
        #expect(
          abs(Double(after) - Double(before) / factor) <= abs(Double(before) / factor) * 0x1p-24)
      }
    }
    #expect(report.roundings[0].largestRelativeChange == largest)
    #expect(report.roundings[0].changedCount == changed)
    #expect(report.roundings[0].count == original.featureCount * original.modelWidth)
    #expect(largest > 0 && largest < 1e-7)
  }

  @Test func theConfigurationIsSAELens() throws {
    let folder = try TemporaryFolder()
    let example = try #require(ExportCase.all.first { $0.subject == "transcoder, relu and skip" })
    _ = try DictionaryExport.saelens(try example.dictionary(), to: folder.file("copy"))
    let text = String(decoding: try folder.bytes("copy/cfg.json"), as: UTF8.self)
    let config = try JSONValue.parse(text: text)
    #expect(config["architecture"]?.asString == "skip_transcoder")
    #expect(config["d_in"]?.asInt == 12)
    #expect(config["d_out"]?.asInt == 16)
    #expect(config["d_sae"]?.asInt == 24)
    #expect(config["apply_b_dec_to_input"]?.asBool == false)
    let metadata = try #require(config["metadata"])
    #expect(metadata["sae_lens_version"]?.asString == "6.0.0")
    #expect(metadata["model_name"]?.asString == "toy")
    #expect(metadata["hook_name"]?.asString == "blocks.1.hook_mlp_in")
    #expect(metadata["hook_name_out"]?.asString == "blocks.1.hook_mlp_out")
    #expect(metadata["hf_hook_name"]?.asString == "layers.1.mlp.in")
    #expect(metadata["hf_hook_name_out"]?.asString == "layers.1.mlp")
    #expect(metadata["exclude_special_tokens"]?.asBool == false)
    let file = try SafetensorsFile.open(folder.file("copy/sae_weights.safetensors"))
    #expect(file["W_enc"]?.shape == [12, 24])
    #expect(file["W_dec"]?.shape == [24, 16])
    #expect(file["W_skip"]?.shape == [16, 12])
  }

  @Test func unknownFactsAreLeftOut() throws {
    let folder = try TemporaryFolder()
    let random = RandomDictionary(featureCount: 3, width: 2, seed: 1)
    _ = try DictionaryExport.saelens(
      try SparseDictionary(random.parts(.topK(k: 2))), to: folder.file("copy"))
    let config = try JSONValue.read(path: folder.file("copy/cfg.json"))
    #expect(config["metadata"]?.asObject?.map(\.key) == ["sae_lens_version"])
    #expect(config["k"]?.asInt == 2)
    #expect(config["rescale_acts_by_decoder_norm"]?.asBool == false)
    #expect(config["d_out"] == nil)
  }
}

func exportFailure(
  _ dictionary: SparseDictionary, _ target: ExportTarget, _ folder: String,
  _ options: ExportOptions = ExportOptions()
) -> ExportError? {
  do throws(ExportError) {
    _ = try DictionaryExport.write(dictionary, as: target, to: folder, options: options)
    return nil
  } catch {
    return error
  }
}
