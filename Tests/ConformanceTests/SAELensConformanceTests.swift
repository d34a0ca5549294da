import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// What the cases of SAELens reach.
@Suite struct SAELensConformanceTests {
  /// The cases together reach every architecture and every convention that they were made for.
  @Test func theCasesCoverWhatTheyShould() throws {
    let cases = try GoldenCase.all("saelens")
    #expect(cases.count == 23)
    var activations: Set<String> = []
    var normalisations: Set<String> = []
    var undefined = 0
    var active = 0
    for golden in cases {
      let dictionary = try SparseDictionary.open(golden.path)
      activations.insert(dictionary.activation.name)
      normalisations.insert(dictionary.normalisation.name)
      let codes = try dictionary.codes(of: golden.input, count: golden.rowCount)
      undefined += codes.undefinedRows.count
      active += golden.features.filter { $0.isFinite && $0 != 0 }.count
    }
    #expect(activations == ["relu", "jumpReLU", "topK", "absTopK", "gated", "matchingPursuit"])
    #expect(normalisations == ["none", "root width over norm", "layer norm"])
    #expect(undefined == 3)
    #expect(active > 3000)
  }
}
