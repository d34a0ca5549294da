import Formats
import Foundation
import SAE
import Steering
import TestSupport
import Testing

/// Cross-layer transcoders through arrays, against the golden case's f64 results.
@Suite struct CrossLayerTranscoderTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../vectors/importers/circuit_tracer/clt").standardized.path
  private static let (layers, rows, width, features) = (3, 9, 24, 96)

  private func golden(_ name: String) throws -> [Float] {
    let values = try readFloats(Self.folder + "/case.safetensors", name)
    try #require(values.count % Self.layers == 0)
    return values
  }

  private func layer(_ values: [Float], _ layer: Int) -> [Float] {
    let count = values.count / Self.layers
    return Array(values[(layer * count)..<((layer + 1) * count)])
  }

  @Test func layersEncodeAndTargetsDecode() throws {
    let transcoder = try CrossLayerTranscoder.open(Self.folder)
    #expect(transcoder.layerCount == Self.layers)
    #expect(transcoder.featureCounts == [96, 96, 96])
    #expect((transcoder.modelWidth, transcoder.outputWidth) == (24, 24))
    let (input, features, decoded) = try (golden("input"), golden("features"), golden("decoded"))
    let codes = try (0..<Self.layers).map { try transcoder.encode(layer(input, $0), layer: $0) }
    for index in 0..<Self.layers {
      let expected = layer(features, index)
      let actual = (0..<Self.rows).flatMap { codes[index].dense(row: $0) }
      #expect(zip(actual, expected).allSatisfy { abs($0 - $1) <= 2e-5 * (1 + abs($1)) })
      #expect(actual.contains { $0 > 0 })
      let written = try transcoder.decode(codes, target: index)
      let goal = layer(decoded, index)
      #expect(written.count == Self.rows * Self.width)
      #expect(zip(written, goal).allSatisfy { abs($0 - $1) <= 2e-5 * (1 + abs($1)) })
      // Targets read their own layer and those before it, and no other.
      #expect(try transcoder.decode(Array(codes[...index]), target: index) == written)
    }
  }

  @Test func misuseIsNamed() throws {
    let transcoder = try CrossLayerTranscoder.open(Self.folder)
    func message(_ body: () throws -> Void) -> String? { steeringError(body)?.message }
    let row = [Float](repeating: 1, count: 24)
    let codes = try transcoder.encode(row, layer: 0)
    #expect(
      message { _ = try transcoder.encode(row, layer: 3) } == "layer is 3, expected 0 to 2")
    #expect(
      message { _ = try transcoder.encode([1], layer: 0) }
        == "1 values, expected a multiple of the row width 24")
    #expect(
      message { _ = try transcoder.decode([codes], target: 1) }
        == "codes has shape [1], expected [2]")
    #expect(
      message { _ = try transcoder.decode([codes], target: -1) }
        == "target layer is -1, expected 0 to 2")
    #expect(
      message { _ = try transcoder.decode([codes], target: 0, of: row + row) }
        == "2 rows, expected 1, those of the codes")
    #expect(
      message { _ = try transcoder.decode([codes, SparseCodes(featureCount: 96)], target: 1) }
        == "codes of [1, 0] rows, expected as many for each layer")
  }
}
