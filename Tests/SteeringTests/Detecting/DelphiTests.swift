import Detector
import Formats
import Foundation
import Steering
import Testing
import TestSupport

@Suite struct DelphiTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../vectors/detector/delphi").standardized.path

  private func reader(
    _ path: String, _ masking: Masking = Masking(skipsSpecial: false)
  ) throws -> DocumentReader {
    try DocumentReader(path, source: .codes(featureCount: nil), masking: masking)
  }

  /// A copy of a cache that a test may damage.
  private func copy(_ name: String, _ folder: TemporaryFolder) throws -> String {
    let path = folder.file("layers.0")
    try FileManager.default.copyItem(atPath: Self.folder + "/\(name)/layers.0", toPath: path)
    return path
  }

  @Test(arguments: ["uint16", "uint32", "no-tokens"])
  func cachesHoldWhatDelphiWrote(_ name: String) throws {
    let expected = try JSONValue.read(path: Self.folder + "/\(name)/expected.json")
    let reader = try reader(Self.folder + "/\(name)/layers.0")
    #expect(reader.name == "layers.0")
    #expect(reader.featureCount == expected["latents"]?.asInt)
    let context = try #require(expected["context"]?.asInt)
    let documents = try reader.all()
    #expect(documents.count == expected["rows"]?.asInt)
    #expect(documents.map(\.id) == (0..<documents.count).map { "layers.0#\($0)" })
    for document in documents { #expect(document.counts.kept == context) }
    let entries = try #require(expected["entries"]?.asArray)
    #expect(entries.count == documents.count * context)
    for entry in entries {
      let row = try #require(entry["row"]?.asInt)
      let position = try #require(entry["position"]?.asInt)
      let document = documents[row]
      let range = document.offsets[position]..<document.offsets[position + 1]
      #expect(document.features[range].map(Int.init) == entry["latents"]?.asArray?.map(\.asInt))
      #expect(
        document.values[range].map(Double.init) == entry["values"]?.asArray?.map(\.asDouble))
    }
  }

  @Test func firstPositionsAreSpecial() throws {
    let documents = try reader(Self.folder + "/uint16/layers.0", Masking()).all()
    #expect(documents.map(\.counts.special) == [1, 1, 1])
    #expect(documents.allSatisfy { $0.uses[0] == .special })
  }

  @Test func documentsFilesStandBesideTheFolder() throws {
    let folder = try TemporaryFolder()
    let path = try copy("uint16", folder)
    try folder.write(
      #"{"document":0,"id":"a"}"# + "\n" + #"{"document":1}"# + "\n"
        + #"{"document":2,"labels":{"x":true}}"#, to: "layers.0.documents.jsonl")
    let documents = try reader(path + "/").all()
    #expect(documents.map(\.id) == ["a", "layers.0#1", "layers.0#2"])
    #expect(documents[2].labels == ["x": true])
  }

  @Test func aFolderKeepsTheDotsOfItsName() throws {
    let folder = try TemporaryFolder()
    let path = try copy("uint16", folder)
    #expect(ShardName.documentsPath(beside: path) == path + ".documents.jsonl")
    #expect(ShardName.documentsPath(beside: path + "/") == path + ".documents.jsonl")
    #expect(
      ShardName.documentsPath(beside: path + "/0_32.safetensors") == path + "/0_32.documents.jsonl")
  }

  @Test(arguments: [(1 << 40, false), (1 << 23, true)])
  func fewEntriesDoNotMakeDocumentsWithoutEnd(_ context: Int, _ passes: Bool) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("cache"), withIntermediateDirectories: false)
    try writeSafetensors(
      folder.file("cache/0_15.safetensors"),
      [
        TestTensor(i64: "locations", [1, 3], [Int64(context), 0, 1]),
        TestTensor("activations", [1], [1]),
      ])
    try folder.write(#"{"cache_ctx_len":1}"#, to: "cache/config.json")
    if passes {
      #expect(try reader(folder.file("cache")).rowCount == context + 1)
    } else {
      let error = steeringError { _ = try reader(folder.file("cache")) }
      #expect(error?.code == .malformedFile)
      #expect(error?.message.contains("contexts without 'tokens'") == true)
    }
  }

  @Test func rangesMustMeet() throws {
    let folder = try TemporaryFolder()
    let path = try copy("uint16", folder)
    try folder.remove("layers.0/33_65.safetensors")
    #expect(
      steeringError { _ = try reader(path) }?.message
        == "\(path)/66_99.safetensors: 'first latent' is 66, expected 33")
    try folder.remove("layers.0/66_99.safetensors")
    try folder.remove("layers.0/0_32.safetensors")
    #expect(steeringError { _ = try reader(path) }?.code == .malformedFile)
  }

  /// Locations and what reading them must name.
  @Test(arguments: [
    ([0, 1, 2, 0, 1, 1], "locations[1]"), ([0, 1, 2, 0, 1, 2], "locations[1]"),
    ([0, 4, 2, 1, 0, 1], "locations[0]"), ([0, 1, 8, 1, 1, 1], "locations[0]"),
    ([0, 1, 2, 2, 1, 1], "locations[1]"), ([-1, 1, 2, 1, 1, 1], "locations[0]"),
  ])
  func malformedLocationsAreRefused(_ locations: [Int32], _ field: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("m"), withIntermediateDirectories: true)
    let path = folder.file("m/0_7.safetensors")
    var places = TestTensor("locations", locations)
    places.shape = [2, 3]
    try writeSafetensors(
      path,
      [
        places, TestTensor(f16: "activations", [2], [1, 2]),
        TestTensor(i64: "tokens", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
      ])
    let error = try #require(steeringError { _ = try reader(folder.file("m")).all() })
    #expect(error.code == .malformedFile)
    #expect(error.message.hasPrefix(path) && error.message.contains("'\(field)'"), "\(error)")
  }
}
