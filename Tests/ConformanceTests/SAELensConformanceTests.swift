import SAE
import Steering
import TestSupport
import Tensors
import Testing

extension Kernels: CustomTestStringConvertible {
  /// The instruction set, in the names of test cases.
  public var testDescription: String { isa.rawValue }
}

/// Opened, encoded and decoded as the publisher's own library does it.
@Suite struct SAELensConformanceTests {
  /// Known by name and refused; its vector stays, to be compared once it is run.
  static let refused = ["matching-pursuit"]

  @Test(arguments: try GoldenCase.all("saelens").filter { !refused.contains($0.name) })
  func matchesThePublisher(_ golden: GoldenCase) throws {
    for kernels in Kernels.available {
      let dictionary = try SparseDictionary.open(golden.path, kernels: kernels)
      try #require(dictionary.featureCount == golden.featureCount)
      try #require(dictionary.modelWidth == golden.width)
      try #require(dictionary.outputWidth == golden.outputWidth)
      let codes = try dictionary.codes(of: golden.input, count: golden.rowCount)
      try #require(codes.rowCount == golden.rowCount)
      for row in 0..<golden.rowCount {
        try compare(row, codes, golden, dictionary)
      }
    }
  }

  private func compare(
    _ row: Int, _ codes: SparseCodes, _ golden: GoldenCase, _ dictionary: SparseDictionary
  ) throws {
    let place = Comment(rawValue: "\(dictionary.kernels.isa.rawValue), row \(row)")
    let n = golden.featureCount
    let expected = Array(golden.features[(row * n)..<((row + 1) * n)])
    let actual = codes.dense(row: row)
    let outputs = (row * golden.outputWidth)..<((row + 1) * golden.outputWidth)
    let (decoded, forward) = try dictionary.reconstructions(codes, row: row, of: golden.row(row))
    let selective = try dictionary.reading(of: Array(0..<n), in: golden.row(row))

    if expected.contains(where: { $0.isNaN }) {
      #expect(codes.undefinedRows.contains(row), place)
      #expect(!selective.isDefined, place)
      // The publisher's top-k picks k arbitrary places of such a row; here all features say NaN.
      #expect(actual.allSatisfy { $0.isNaN }, place)
      #expect(golden.decoded[outputs].allSatisfy { $0.isNaN }, place)
      #expect(decoded.allSatisfy { $0.isNaN }, place)
      #expect(forward.allSatisfy { $0.isNaN }, place)
      return
    }
    #expect(!codes.undefinedRows.contains(row), place)
    #expect(
      (0..<n).filter { actual[$0] != 0 } == (0..<n).filter { expected[$0] != 0 }, place)
    #expect((0..<n).allSatisfy { golden.isClose(actual[$0], expected[$0]) }, place)
    #expect(selective.values == actual, place)
    for (value, wanted) in zip(decoded, golden.decoded[outputs]) {
      #expect(golden.isClose(value, wanted), place)
    }
    for (value, wanted) in zip(forward, golden.forward[outputs]) {
      #expect(golden.isClose(value, wanted), place)
    }
  }

  @Test(arguments: Kernels.available)
  func matchingPursuitIsRefusedByName(_ kernels: Kernels) throws {
    let path = GoldenCase.folder("saelens") + "/matching-pursuit"
    do throws(SteeringError) {
      _ = try SparseDictionary.open(path, kernels: kernels)
      Issue.record("matching pursuit was opened")
    } catch {
      #expect(error.code == .unsupportedDictionary)
      #expect(error.message.hasPrefix(path + "/cfg.json: architecture 'matching_pursuit'"))
      #expect(error.message.contains("greedy pursuit"))
    }
  }

  /// The cases together reach every architecture and every convention that they were made for.
  @Test func theCasesCoverWhatTheyShould() throws {
    let cases = try GoldenCase.all("saelens")
    #expect(cases.count == 23)
    let names = Set(cases.map(\.name))
    #expect(Self.refused.allSatisfy(names.contains))
    var activations: Set<String> = []
    var normalisations: Set<String> = []
    var undefined = 0
    var active = 0
    for golden in cases where !Self.refused.contains(golden.name) {
      let dictionary = try SparseDictionary.open(golden.path)
      activations.insert(dictionary.activation.name)
      normalisations.insert(dictionary.normalisation.name)
      let codes = try dictionary.codes(of: golden.input, count: golden.rowCount)
      undefined += codes.undefinedRows.count
      active += golden.features.filter { $0.isFinite && $0 != 0 }.count
    }
    #expect(activations == ["relu", "jumpReLU", "topK", "absTopK", "gated"])
    #expect(normalisations == ["none", "root width over norm", "layer norm"])
    #expect(undefined == 3)
    #expect(active > 3000)
  }
}
