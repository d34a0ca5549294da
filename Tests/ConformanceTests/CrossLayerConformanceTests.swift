import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Cross-layer transcoders, encoded layer by layer and decoded at every target.
@Suite struct CrossLayerConformanceTests {
  static func cases() throws -> [GoldenCase] {
    let cases = try GoldenCase.all().filter { $0.layerCount != nil }
    guard !cases.isEmpty else { throw GoldenCase.Unusable(description: "no cross-layer cases") }
    return cases
  }

  @Test(arguments: try cases())
  func matchesThePublisher(_ golden: GoldenCase) throws {
    for kernels in Kernels.available {
      let transcoder = try CrossLayerTranscoder.open(
        golden.path, options: golden.options, kernels: kernels)
      let layers = try #require(golden.layerCount)
      try #require(transcoder.layerCount == layers)
      try #require(transcoder.modelWidth == golden.width)
      try #require(transcoder.outputWidth == golden.outputWidth)
      let codes = try (0..<layers).map { layer in
        let rows = (0..<golden.rowCount).flatMap { golden.row($0, layer: layer) }
        return try transcoder.encode(
          layer: layer, rows, count: golden.rowCount, stride: golden.width)
      }
      for layer in 0..<layers { compare(codes[layer], layer, golden, kernels) }
      for row in 0..<golden.rowCount { try compare(codes, row, golden, transcoder) }
    }
  }

  private func compare(
    _ codes: SparseCodes, _ layer: Int, _ golden: GoldenCase, _ kernels: Kernels
  ) {
    let n = golden.featureCount
    for row in 0..<golden.rowCount {
      let place = Comment(rawValue: "\(kernels.isa.rawValue), layer \(layer), row \(row)")
      let expected = golden.row(row, of: golden.features, width: n, layer: layer)
      let actual = codes.dense(row: row)
      #expect(
        (0..<n).filter { actual[$0] != 0 } == (0..<n).filter { expected[$0] != 0 }, place)
      #expect(zip(actual, expected).allSatisfy { golden.isClose($0, $1) }, place)
    }
  }

  private func compare(
    _ codes: [SparseCodes], _ row: Int, _ golden: GoldenCase, _ transcoder: CrossLayerTranscoder
  ) throws {
    let reconstructor = CrossLayerReconstructor(transcoder)
    let layers = codes.count
    let width = golden.outputWidth
    let input = (0..<layers).flatMap { golden.row(row, layer: $0) }
    var decoded = [Float](repeating: -777, count: layers * width)
    var forward = decoded
    try reconstructor.decodeAll(codes: codes, row: row, of: nil, into: &decoded)
    try reconstructor.decodeAll(codes: codes, row: row, of: input, into: &forward)
    for (ours, theirs) in [(decoded, golden.decoded), (forward, golden.forward)] {
      guard let theirs else { continue }
      for layer in 0..<layers {
        let place = Comment(
          rawValue: "\(transcoder.kernels.isa.rawValue), layer \(layer), row \(row)")
        let expected = golden.row(row, of: theirs, width: width, layer: layer)
        #expect(
          zip(ours[(layer * width)..<((layer + 1) * width)], expected).allSatisfy {
            golden.isClose($0, $1)
          }, place)
      }
    }
  }

  /// A cross-layer transcoder is no dictionary of one layer, and the other way round.
  @Test func neitherOpensAsTheOther() throws {
    let crossLayer = GoldenCase.folder("circuit_tracer") + "/clt"
    let single = GoldenCase.folder("circuit_tracer") + "/plt"
    do throws(SteeringError) {
      _ = try SparseDictionary.open(crossLayer)
      Issue.record("a cross-layer transcoder was opened as a dictionary")
    } catch {
      #expect(error.message.contains("open it as a cross-layer transcoder"))
    }
    do throws(SteeringError) {
      _ = try CrossLayerTranscoder.open(single)
      Issue.record("a dictionary was opened as a cross-layer transcoder")
    } catch {
      #expect(error.message.contains("open it as a dictionary"))
    }
  }
}
