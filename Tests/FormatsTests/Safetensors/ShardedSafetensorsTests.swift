import Formats
import Foundation
import Tensors
import Testing

@Suite struct ShardedSafetensorsTests {
  private func shard(_ names: [String]) -> [UInt8] {
    let entries = names.enumerated().map { index, name in
      "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\(index),\(index + 1)]}"
    }
    return safetensors("{\(entries.joined(separator: ","))}", data: names.count)
  }

  private let index = "model.safetensors.index.json"

  private func reason(_ scratch: Scratch) -> FormatError.Reason? {
    refusal { () throws(FormatError) in
      try ShardedSafetensors.open(directory: scratch.path)
    }?.reason
  }

  @Test func oneFileIsEnough() throws {
    let scratch = try Scratch()
    try scratch.write(shard(["a", "b"]), "model.safetensors")
    let collection = try ShardedSafetensors.open(directory: scratch.path)
    #expect(collection.names == ["a", "b"])
    #expect(collection.paths.count == 1)
    #expect(collection["b"]?.shape == [1])
    #expect(try collection.tensor("a").shape == [1])
    let error = refusal { () throws(FormatError) in try collection.tensor("c") }
    #expect(error?.reason == .tensorMissing(name: "c", available: ["a", "b"]))
    #expect(error?.path == scratch.file("model.safetensors"))
  }

  @Test func shardsBecomeOneCollection() throws {
    let scratch = try Scratch()
    try scratch.write(shard(["a", "c"]), "x-00001.safetensors")
    try scratch.write(shard(["b"]), "x-00002.safetensors")
    try scratch.write(
      #"{"metadata":{"total_size":3},"weight_map":{"a":"x-00001.safetensors","#
        + #""b":"x-00002.safetensors","c":"x-00001.safetensors"}}"#, index)
    let collection = try ShardedSafetensors.open(directory: scratch.path + "/")
    #expect(
      collection.paths.map { String($0.suffix(19)) }
        == ["x-00001.safetensors", "x-00002.safetensors"])
    #expect(collection.names == ["a", "c", "b"])
    #expect(collection["b"] != nil)
    #expect(collection["d"] == nil)
  }

  @Test func theSingleFileWins() throws {
    let scratch = try Scratch()
    try scratch.write(shard(["a"]), "w.safetensors")
    try scratch.write("not JSON", "w.safetensors.index.json")
    let collection = try ShardedSafetensors.open(directory: scratch.path, stem: "w")
    #expect(collection.names == ["a"])
  }

  @Test func neitherFileIsAnError() throws {
    let scratch = try Scratch()
    let error = refusal { () throws(FormatError) in
      try ShardedSafetensors.open(directory: scratch.path)
    }
    #expect(error?.reason == .systemCall(call: "open", errno: ENOENT))
    #expect(error?.path == scratch.file("model.safetensors"))
  }

  static let names = [
    "", ".", "..", "/etc/passwd", "../model.safetensors", "sub/x.safetensors", "./x.safetensors",
    "x.safetensors/", "..\\x.safetensors", "a\\u0000.safetensors", "a\\n.safetensors", "//",
    "\\u002e\\u002e\\u002fx", "\\/x",
  ]

  @Test(arguments: names)
  func namesThatLeaveTheFolderAreRefused(_ name: String) throws {
    let scratch = try Scratch()
    let folder = scratch.file("inner")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try scratch.write(shard(["a"]), "x.safetensors")
    try scratch.write(shard(["a"]), "model.safetensors")
    let text = name.replacingOccurrences(of: "..\\x", with: "..\\\\x")
    try scratch.write("{\"weight_map\":{\"a\":\"\(text)\"}}", "inner/" + index)
    let error = refusal { () throws(FormatError) in
      try ShardedSafetensors.open(directory: folder)
    }
    let decoded = try JSONValue.parse(text: "\"\(text)\"").asString ?? "?"
    #expect(error?.reason == .invalidFileName(name: decoded))
    #expect(error?.path == folder + "/" + index)
  }

  @Test func aBadNameIsFoundBeforeAnyShardIsOpened() throws {
    let scratch = try Scratch()
    try scratch.write(#"{"weight_map":{"a":"none.safetensors","b":"../x"}}"#, index)
    #expect(reason(scratch) == .invalidFileName(name: "../x"))
  }

  @Test func mapAndShardsMustAgree() throws {
    let scratch = try Scratch()
    try scratch.write(shard(["a", "b"]), "x")
    try scratch.write(shard(["c"]), "y")
    try scratch.write(shard(["a"]), "z")
    func reason(_ map: String) throws -> FormatError.Reason? {
      try scratch.write("{\"weight_map\":{\(map)}}", index)
      return self.reason(scratch)
    }
    #expect(try reason(#""a":"x","b":"x","c":"y""#) == nil)
    #expect(try reason(#""a":"x""#) == .unmappedTensor(name: "b", file: "x"))
    #expect(
      try reason(#""a":"x","b":"x","d":"y","c":"y""#)
        == .tensorMissing(name: "d", available: ["c"]))
    #expect(
      try reason(#""a":"x","b":"y","c":"y""#) == .tensorMissing(name: "b", available: ["c"]))
    #expect(
      try reason(#""a":"x","b":"z""#) == .duplicateTensor(name: "a", files: ["x", "z"]))
    #expect(try reason(#""a":"none""#) == .systemCall(call: "open", errno: ENOENT))
    #expect(try reason(#""a":"x","a":"x""#) == .duplicateKey(key: "a"))
  }

  static let indices: [(text: String, reason: FormatError.Reason)] = [
    ("[]", .wrongType(field: "index", found: "an array", expected: "an object")),
    ("{}", .missingField(field: "weight_map")),
    ("{\"metadata\":{}}", .missingField(field: "weight_map")),
    (
      "{\"weight_map\":[]}",
      .wrongType(field: "weight_map", found: "an array", expected: "an object")
    ),
    (
      "{\"weight_map\":{},\"metadata\":1}",
      .wrongType(field: "metadata", found: "an integer", expected: "an object")
    ),
    (
      "{\"weight_map\":{},\"weights\":{}}",
      .unknownField(field: "weights", accepted: ["metadata", "weight_map"])
    ),
    (
      "{\"weight_map\":{\"a\":1}}",
      .wrongType(field: "weight_map.a", found: "an integer", expected: "a file name")
    ),
    (
      "{\"weight_map\":{\"a\":null}}",
      .wrongType(field: "weight_map.a", found: "null", expected: "a file name")
    ),
    ("{", .invalidJSON(detail: "found the end, expected a key in double quotes")),
  ]

  @Test(arguments: indices)
  func malformedIndicesAreRefused(_ text: String, _ expected: FormatError.Reason) throws {
    let scratch = try Scratch()
    try scratch.write(text, index)
    #expect(reason(scratch) == expected)
  }

  @Test func tooManyShardsAreRefused() throws {
    let scratch = try Scratch()
    let map = (0...512).map { "\"t\($0)\":\"f\($0)\"" }.joined(separator: ",")
    try scratch.write("{\"weight_map\":{\(map)}}", index)
    #expect(reason(scratch) == .limitExceeded(what: "shards", found: 513, limit: 512))
  }

  @Test func anEmptyMapIsAnEmptyCollection() throws {
    let scratch = try Scratch()
    try scratch.write("{\"weight_map\":{}}", index)
    #expect(try ShardedSafetensors.open(directory: scratch.path).entries.isEmpty)
  }

  @Test func linkedShardsAreFollowed() throws {
    let scratch = try Scratch()
    try scratch.write(shard(["a"]), "blob")
    #expect(symlink("blob", scratch.file("x.safetensors")) == 0)
    try scratch.write(#"{"weight_map":{"a":"x.safetensors"}}"#, index)
    #expect(try ShardedSafetensors.open(directory: scratch.path).names == ["a"])
  }
}
