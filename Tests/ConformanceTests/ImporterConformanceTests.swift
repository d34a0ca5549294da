import SAE
import Steering
import TestSupport
import Tensors
import Testing

extension Kernels: CustomTestStringConvertible {
  /// The instruction set, in the names of test cases.
  public var testDescription: String { isa.rawValue }
}

/// Opened, encoded and decoded as each publisher's own library does it.
@Suite struct ImporterConformanceTests {
  static func cases() throws -> [GoldenCase] {
    try GoldenCase.all().filter { $0.layerCount == nil }
  }

  @Test(arguments: try cases())
  func matchesThePublisher(_ golden: GoldenCase) throws {
    for kernels in Kernels.available {
      let dictionary = try SparseDictionary.open(
        golden.path, options: golden.options, kernels: kernels)
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
    let expected = golden.row(row, of: golden.features, width: n)
    let actual = codes.dense(row: row)
    let (decoded, forward) = try dictionary.reconstructions(codes, row: row, of: golden.row(row))
    let outputs = [(decoded, golden.decoded), (forward, golden.forward)].compactMap {
      ours, theirs in
      theirs.map { (ours, golden.row(row, of: $0, width: golden.outputWidth)) }
    }
    let selective = try dictionary.reading(of: Array(0..<n), in: golden.row(row))

    if expected.contains(where: { $0.isNaN }) {
      #expect(codes.undefinedRows.contains(row), place)
      #expect(!selective.isDefined, place)
      // A publisher's top-k picks k arbitrary places of such a row; here all features say NaN.
      #expect(actual.allSatisfy { $0.isNaN }, place)
      for (ours, theirs) in outputs {
        #expect(theirs.allSatisfy { $0.isNaN }, place)
        #expect(ours.allSatisfy { $0.isNaN }, place)
      }
      return
    }
    #expect(!codes.undefinedRows.contains(row), place)
    #expect(
      (0..<n).filter { actual[$0] != 0 } == (0..<n).filter { expected[$0] != 0 }, place)
    #expect((0..<n).allSatisfy { golden.isClose(actual[$0], expected[$0]) }, place)
    #expect(selective.values == actual, place)
    for (ours, theirs) in outputs {
      #expect(zip(ours, theirs).allSatisfy { golden.isClose($0, $1) }, place)
    }
  }
}
