import Foundation
import Formats
import Steering
import Testing

/// Control vectors that other libraries wrote are read to the bit.
@Suite struct GGUFConformanceTests {
  private static let folder = GoldenCase.root() + "/formats/gguf"

  private static func names() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    guard !names.isEmpty else {
      throw GoldenCase.Unusable(description: "no cases in \(folder)")
    }
    return names.sorted()
  }

  @Test(arguments: try names())
  func everyBitIsRead(_ name: String) throws {
    let document = try JSONValue.read(path: "\(Self.folder)/\(name)/case.json")
    let text = try #require(document["layer_convention"]?.asString)
    let convention = try #require(ControlVector.LayerConvention(rawValue: text))
    let vector = try ControlVector(
      contentsOf: "\(Self.folder)/\(name)/vector.gguf", convention: convention)
    #expect(vector.modelHint == document["model_hint"]?.asString)
    #expect(vector.declaredLayerCount == document["layer_count"]?.asInt)
    #expect(vector.width == document["width"]?.asInt)
    let expected = try #require(document["direction_bits"]?.asObject)
    #expect(vector.directions.count == expected.count)
    for entry in expected {
      let stored = try #require(Int(entry.key))
      let block = text == "repeng" ? stored : stored - 1
      let values = try #require(vector.directions[block], "block \(block)")
      let bits = try #require(entry.value.asArray).map { $0.asInt.map { UInt32($0) } }
      #expect(values.map { $0.bitPattern } == bits)
    }
  }
}
