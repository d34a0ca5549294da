import Importers
import SAE
import TestSupport
import Testing

/// Every publisher's golden dictionary, written and opened again, is the same to the bit.
@Suite struct ExportConformanceTests {
  /// Cases of one dictionary; none would mean that nothing is tested.
  static func cases() throws -> [GoldenCase] {
    let cases = try GoldenCase.all().filter { $0.layerCount == nil }
    guard !cases.isEmpty else {
      throw GoldenCase.Unusable(description: "no cases of single dictionaries")
    }
    return cases
  }

  @Test(arguments: try cases())
  func nativeIsTheSame(_ example: GoldenCase) throws {
    let folder = try TemporaryFolder()
    let original = try DictionaryImporter.open(example.path, options: example.options)
    _ = try DictionaryExport.native(original, to: folder.file("copy"))
    let copy = try DictionaryImporter.open(folder.file("copy"))
    #expect(try copy.difference(from: original) == nil)
    #expect(
      try copy.codeDifference(from: original, rows: example.input, count: example.rowCount) == nil)
  }

  @Test(arguments: try GoldenCase.all("saelens"))
  func saelensIsTheSame(_ example: GoldenCase) throws {
    let folder = try TemporaryFolder()
    let original = try DictionaryImporter.open(example.path, options: example.options)
    let report = try DictionaryExport.saelens(original, to: folder.file("once"))
    #expect(report.roundings.isEmpty)
    let copy = try DictionaryImporter.open(folder.file("once"))
    #expect(try copy.difference(from: original, ledger: false) == nil)
    #expect(
      try copy.codeDifference(from: original, rows: example.input, count: example.rowCount) == nil)
    _ = try DictionaryExport.saelens(copy, to: folder.file("twice"))
    for name in ["cfg.json", "sae_weights.safetensors"] {
      #expect(try folder.bytes("once/" + name) == folder.bytes("twice/" + name), "\(name)")
    }
  }
}
