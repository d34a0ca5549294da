import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// The native form holds every dictionary: same weights, fields, ledger and activations.
@Suite struct NativeRoundTripTests {
  @Test(arguments: ExportCase.all)
  func everyKindComesBack(_ example: ExportCase) throws {
    let folder = try TemporaryFolder()
    let dictionary = try example.dictionary()
    let report = try DictionaryExport.native(dictionary, to: folder.file("once"))
    #expect(report.roundings.isEmpty)
    #expect(report.changes.isEmpty)
    let copy = try DictionaryImporter.open(folder.file("once"))
    #expect(try copy.difference(from: dictionary) == nil)
    #expect(copy.name == dictionary.name)
    #expect(copy.isTied == dictionary.isTied)
    #expect(copy.decoder.byteCount <= dictionary.decoder.byteCount)
    let rows = ExportCase.rows(9)
    #expect(try copy.codeDifference(from: dictionary, rows: rows, count: 9) == nil)
    _ = try DictionaryExport.native(copy, to: folder.file("twice"))
    for name in ["dictionary.json", "weights.safetensors"] {
      #expect(try folder.bytes("once/" + name) == folder.bytes("twice/" + name), "\(name)")
    }
  }

  /// What a file in model-major order gives is written feature-major, and maps in place then.
  @Test func aModelMajorEncoderIsTurned() throws {
    let folder = try TemporaryFolder()
    // Larger than one tile in either direction.
    let random = RandomDictionary(featureCount: 700, width: 600, seed: 3)
    let dictionary = try SparseDictionary(random.parts(.relu, layout: .modelMajor))
    _ = try DictionaryExport.native(dictionary, to: folder.file("copy"))
    #expect(try readFloats(folder.file("copy/weights.safetensors"), "encoder") == random.encoder)
    #expect(try readFloats(folder.file("copy/weights.safetensors"), "decoder") == random.decoder)
    let copy = try DictionaryImporter.open(folder.file("copy"))
    #expect(copy.encoder.layout == .featureMajor)
    #expect(try copy.difference(from: dictionary) == nil)
  }

  /// Of 16,384 features with 7 numbers each among 2,048, the compact form takes under a hundredth.
  @Test func anExpanderIsSmall() throws {
    let folder = try TemporaryFolder()
    let matrix = try randomExpander(rowCount: 16_384, width: 2_048, degree: 7, seed: 1)
    let parts = SparseDictionary.Parts(
      name: "expander", encoder: EncoderMatrix(matrix), decoder: .expander(matrix),
      encoderBias: Array(repeating: 0, count: 16_384),
      decoderBias: Array(repeating: 0, count: 2_048), activation: .relu)
    let dictionary = try SparseDictionary(parts)
    let compact = try DictionaryExport.native(dictionary, to: folder.file("native"))
    let dense = try DictionaryExport.saelens(dictionary, to: folder.file("saelens"))
    func bytes(_ report: ExportReport, _ name: String) throws -> Int {
      let paths = report.files.map { folder.file(name + "/" + $0.name) }
      #expect(try report.files.map(\.byteCount) == paths.map { try FileSystem.byteCount(of: [$0]) })
      return try FileSystem.byteCount(of: paths)
    }
    #expect(try bytes(compact, "native") * 100 < bytes(dense, "saelens"))
    let copy = try DictionaryImporter.open(folder.file("native"))
    #expect(try copy.difference(from: dictionary) == nil)
  }

  @Test(arguments: ExportOptions.WeightType.allCases)
  func numbersThatATypeHoldsAreWrittenInIt(_ type: ExportOptions.WeightType) throws {
    let folder = try TemporaryFolder()
    var parts = RandomDictionary(featureCount: 8, width: 4, seed: 1).parts(.relu)
    let values = (0..<32).map { Float($0 - 16) / 8 }
    parts.decoder = .dense(RowMatrix(rowCount: 8, width: 4, values: values))
    parts.encoder = EncoderMatrix(
      RowMatrix(rowCount: 8, width: 4, values: values.reversed()), layout: .featureMajor)
    let dictionary = try SparseDictionary(parts)
    let options = ExportOptions(type: type)
    _ = try DictionaryExport.native(dictionary, to: folder.file("once"), options: options)
    let file = try SafetensorsFile.open(folder.file("once/weights.safetensors"))
    #expect(file["decoder"]?.elementType.rawValue == type.rawValue.uppercased())
    #expect(file["encoder"]?.elementType.rawValue == type.rawValue.uppercased())
    #expect(file["encoder_bias"]?.elementType == .f32)
    let copy = try DictionaryImporter.open(folder.file("once"))
    #expect(try copy.difference(from: dictionary) == nil)
    #expect(copy.weightType == (type == .bf16 ? .bf16 : .f32), "f16 is widened")
    _ = try DictionaryExport.native(copy, to: folder.file("twice"), options: options)
    for name in ["dictionary.json", "weights.safetensors"] {
      #expect(try folder.bytes("once/" + name) == folder.bytes("twice/" + name), "\(name)")
    }
  }
}
