import Formats
import Tensors
import Testing

@Suite struct ControlVectorFileTests {
  private typealias B = GGUFBytes

  private static let architecture = B.key("general.architecture", "controlvector")

  private func open(_ bytes: [UInt8]) throws -> (ControlVectorFile?, FormatError?) {
    let scratch = try Scratch()
    let path = try scratch.write(bytes, "v.gguf")
    do throws(FormatError) {
      return (try ControlVectorFile.open(path), nil)
    } catch {
      #expect(error.path == path)
      return (nil, error)
    }
  }

  private func file(
    keys: [[UInt8]] = [Self.architecture], _ tensors: [[UInt8]], data: Int = 12
  ) -> [UInt8] {
    B.file(keys: keys, tensors: tensors, data: data == 0 ? [] : B.zeros(data))
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = try Scratch()
    let path = scratch.file("v.gguf")
    let directions: [(layer: Int, values: [Float])] = [
      (12, [1, -0.0, .leastNonzeroMagnitude]), (3, [0.1, 2, .greatestFiniteMagnitude]),
    ]
    try ControlVectorFile.write(path, directions: directions, modelHint: "gemma3")
    #expect(try scratch.names() == ["v.gguf"])
    let found = try ControlVectorFile.open(path)
    #expect(found.modelHint == "gemma3")
    #expect(found.layerCount == 2)
    #expect(found.directions.map(\.layer) == [3, 12])
    #expect(
      found.directions.map(\.tensor.bytes) == [1, 0].map { floatBytes(directions[$0].values) })
    let first = try scratch.read("v.gguf")
    try ControlVectorFile.write(path, directions: directions.reversed(), modelHint: "gemma3")
    #expect(try scratch.read("v.gguf") == first)
  }

  @Test func theBytesAreThese() throws {
    let scratch = try Scratch()
    try ControlVectorFile.write(
      scratch.file("v.gguf"), directions: [(2, [1, 2, 3])], modelHint: nil)
    let expected =
      B.file(
        keys: [Self.architecture, B.key("controlvector.layer_count", 4, B.u32(1))],
        tensors: [B.tensor("direction.2", [3])], data: floatBytes([1, 2, 3])) + B.zeros(20)
    #expect(try scratch.read("v.gguf") == expected)
  }

  @Test func bothWritersCountsAreRead() throws {
    for (kind, expected) in [(4, 7), (5, 7)] as [(UInt32, Int)] {
      let count = B.key("controlvector.layer_count", kind, B.u32(7))
      let found = try open(
        file(keys: [Self.architecture, count], [B.tensor("direction.1", [3])])
      ).0
      #expect(found?.layerCount == expected)
      #expect(found?.modelHint == nil)
    }
    let other = B.key("controlvector.method", "pca_diff")
    #expect(
      try open(file(keys: [other, Self.architecture], [B.tensor("direction.1", [3])])).0?
        .layerCount == nil)
  }

  private static func name(_ found: String) -> FormatError.Reason {
    .outOfRange(
      field: "name", found: "'\(found)'",
      expected: "direction.N with a layer N, and no other tensor")
  }

  @Test(
    arguments: [
      "direction", "direction.", "direction.x", "direction.1x", "direction.01", "direction.+1",
      "direction.-1", "direction. 1", "direction.1.0", "Direction.1", "xdirection.1", "",
      "direction.1234567890", "direction.١", "token_embd.weight",
    ])
  func otherNamesRefuseTheWholeFile(_ name: String) throws {
    let good = B.tensor("direction.5", [3])
    #expect(
      try open(file([good, B.tensor(name, [3], at: 32)], data: 44)).1?.reason == Self.name(name))
  }

  @Test func layersOutOfRangeRefuseTheWholeFile() throws {
    for layer in [0, 65_536, 999_999_999] {
      #expect(
        try open(file([B.tensor("direction.\(layer)", [3])])).1?.reason
          == .outOfRange(
            field: "layer", found: String(layer),
            expected: layer == 0 ? "1 to 65535: layer 0 cannot be steered" : "1 to 65535",
            tensor: "direction.\(layer)"))
    }
  }

  @Test func typesAndShapesRefuseTheWholeFile() throws {
    func wrongType(_ found: String) -> FormatError.Reason {
      .wrongType(field: "type", found: found, expected: "F32", tensor: "direction.1")
    }
    let tensors: [([[UInt8]], Int, FormatError.Reason)] = [
      ([B.tensor("direction.1", [3], type: 1)], 6, wrongType("F16")),
      ([B.tensor("direction.1", [32], type: 8)], 34, wrongType("Q8_0")),
      ([B.tensor("direction.1", [1], type: 28)], 8, wrongType("F64")),
      (
        [B.tensor("direction.1", [3, 1])], 12,
        .wrongShape(
          tensor: "direction.1", found: [1, 3],
          expected: "[width] with a width of 1 to 1048576")
      ),
      (
        [B.tensor("direction.1", [])], 4,
        .wrongShape(
          tensor: "direction.1", found: [], expected: "[width] with a width of 1 to 1048576")
      ),
      (
        [B.tensor("direction.1", [0])], 0,
        .wrongShape(
          tensor: "direction.1", found: [0], expected: "[width] with a width of 1 to 1048576")
      ),
      (
        [B.tensor("direction.1", [3]), B.tensor("direction.2", [2], at: 32)], 40,
        .wrongShape(
          tensor: "direction.2", found: [2], expected: "[3] as the other directions have")
      ),
      ([], 0, .tensorMissing(name: "direction.N", available: [])),
    ]
    for (tensors, data, expected) in tensors {
      let bytes = file(tensors, data: data)
      let padded = bytes + B.zeros(data == 0 && !tensors.isEmpty ? (32 - bytes.count % 32) % 32 : 0)
      #expect(try open(padded).1?.reason == expected)
    }
  }

  @Test func keysOfAnotherKindAreRefused() throws {
    let tensor = B.tensor("direction.1", [3])
    let keys: [([[UInt8]], FormatError.Reason)] = [
      ([], .missingField(field: "general.architecture")),
      (
        [B.key("general.architecture", 4, B.u32(1))],
        .wrongType(field: "general.architecture", found: "U32", expected: "STRING")
      ),
      (
        [B.key("general.architecture", "gemma3")],
        .outOfRange(
          field: "general.architecture", found: "'gemma3'", expected: "'controlvector'")
      ),
      (
        [Self.architecture, B.key("controlvector.model_hint", 4, B.u32(1))],
        .wrongType(field: "controlvector.model_hint", found: "U32", expected: "STRING")
      ),
      (
        [Self.architecture, B.key("controlvector.layer_count", 10, B.u64(1))],
        .wrongType(field: "controlvector.layer_count", found: "U64", expected: "U32 or I32")
      ),
      (
        [Self.architecture, B.key("controlvector.layer_count", 5, B.u32(.max))],
        .outOfRange(field: "controlvector.layer_count", found: "-1", expected: "0 or more")
      ),
    ]
    for (keys, expected) in keys {
      #expect(try open(file(keys: keys, [tensor])).1?.reason == expected)
    }
  }

  @Test func truncationAtEveryByteIsRefused() throws {
    let scratch = try Scratch()
    let path = scratch.file("v.gguf")
    try ControlVectorFile.write(path, directions: [(1, [1, 2]), (2, [3, 4])], modelHint: "m")
    let whole = try scratch.read("v.gguf")
    // The padding after the last direction may be missing.
    for count in 0..<(whole.count - 24) {
      try scratch.write(Array(whole.prefix(count)), "cut")
      let error = refusal { () throws(FormatError) in
        try ControlVectorFile.open(scratch.file("cut"))
      }
      guard case .truncated? = error?.reason else {
        Issue.record("cut to \(count) bytes: \(String(describing: error))")
        continue
      }
    }
  }
}
