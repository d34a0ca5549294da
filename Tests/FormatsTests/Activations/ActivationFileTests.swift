import Formats
import Tensors
import Testing

@Suite struct ActivationFileTests {
  private typealias Part = (name: String, type: ElementType, shape: [Int])

  private func file(_ parts: [Part]) -> [UInt8] {
    var begin = 0
    let entries = parts.map { part in
      let end = begin + part.shape.reduce(part.type.byteCount, *)
      defer { begin = end }
      return "\"\(part.name)\":{\"dtype\":\"\(part.type.rawValue)\",\"shape\":\(part.shape),"
        + "\"data_offsets\":[\(begin),\(end)]}"
    }
    return safetensors("{\(entries.joined(separator: ","))}", data: begin)
  }

  private func array(_ type: ElementType, _ shape: [Int]) throws -> [UInt8] {
    let count = shape.reduce(type.byteCount, *)
    return try NPYHeader.encoded(type, shape: shape) + Array(repeating: 0, count: count)
  }

  private func reason(
    _ bytes: [UInt8], _ name: String = "a.safetensors", tensor: String? = nil, shape: [Int]? = nil
  ) throws -> FormatError.Reason? {
    let scratch = try Scratch()
    let path = try scratch.write(bytes, name)
    let error = refusal { () throws(FormatError) in
      try ActivationFile.open(path, tensorName: tensor, shape: shape)
    }
    #expect(error == nil || error?.path == path)
    return error?.reason
  }

  private func open(
    _ bytes: [UInt8], _ name: String = "a.safetensors", tensor: String? = nil, shape: [Int]? = nil
  ) throws -> ActivationFile {
    let scratch = try Scratch()
    return try ActivationFile.open(
      try scratch.write(bytes, name), tensorName: tensor, shape: shape)
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16])
  func theOnlyMatrixIsTaken(_ type: ElementType) throws {
    let opened = try open(
      file([("x", type, [3, 4]), ("positions", .i32, [3]), ("scale", .f32, [4])]))
    #expect(opened.kind == .safetensors)
    #expect(opened.tensorName == "x")
    #expect(opened.rowCount == 3)
    #expect(opened.width == 4)
    #expect(opened.rowByteCount == 4 * type.byteCount)
    #expect(opened.elementType == type)
    #expect(opened.dataOffset == opened.tensor.byteOffset)
    #expect(!opened.wasFlattened)
    #expect(opened.description == "safetensors tensor 'x'")
    #expect(opened.companion("positions")?.elementType == .i32)
    #expect(opened.companion("x") == nil)
    #expect(opened.companion("none") == nil)
    #expect(opened.companionNames == ["positions", "scale"])
  }

  @Test func dataOffsetCountsFromTheStartOfTheFile() throws {
    let values: [Float] = [1, 2, 3, 4]
    let header =
      #"{"p":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
      + #""x":{"dtype":"F32","shape":[2,2],"data_offsets":[3,19]}}"#
    let bytes = safetensors(header) + [0, 0, 0] + floatBytes(values)
    let opened = try open(bytes)
    #expect(opened.dataOffset == 8 + header.utf8.count + 3)
    #expect(try opened.file.copyBytes(opened.dataOffset..<bytes.count) == floatBytes(values))
  }

  @Test func aNamedTensorIsTaken() throws {
    let bytes = file([("x", .f32, [3, 4]), ("y", .f16, [2, 5])])
    #expect(try open(bytes, tensor: "y").width == 5)
    #expect(try open(bytes, tensor: "x").rowCount == 3)
    #expect(
      try reason(bytes, tensor: "z") == .tensorMissing(name: "z", available: ["x", "y"]))
  }

  @Test func rankThreeIsFlattened() throws {
    let alone = try open(file([("x", .bf16, [3, 2, 4]), ("tokens", .i64, [3, 1])]))
    #expect(alone.wasFlattened)
    #expect(alone.tensor.shape == [3, 8])
    let named = try open(file([("m", .f32, [1, 1]), ("x", .f32, [3, 2, 4])]), tensor: "x")
    #expect(named.wasFlattened)
    #expect(named.width == 8)
    #expect(try open(file([("m", .f32, [1, 1]), ("x", .f32, [3, 2, 4])])).tensorName == "m")
  }

  private func ambiguous(_ candidates: [String], _ advice: String) -> FormatError.Reason {
    .ambiguousTensor(
      candidates: candidates, expected: "one float tensor [rows, width]", advice: advice)
  }

  @Test func severalCandidatesAreListed() throws {
    let choose = "choose one with --tensor"
    #expect(
      try reason(file([("x", .f32, [1, 2]), ("y", .f64, [1, 2]), ("z", .i32, [1, 2])]))
        == ambiguous(["x", "y"], choose))
    #expect(
      try reason(file([("x", .f32, [1, 2]), ("y", .f32, [1, 2]), ("h", .f32, [1, 1, 2])]))
        == ambiguous(["x", "y", "h"], choose))
    #expect(
      try reason(file([("g", .f32, [1, 1, 2]), ("h", .f32, [1, 1, 2])]))
        == ambiguous(["g", "h"], choose))
    #expect(
      try reason(file([("v", .f32, [2]), ("i", .i32, [1, 2])]))
        == ambiguous([], "give another file"))
    #expect(try reason(file([])) == ambiguous([], "give another file"))
  }

  private let accepted: [ElementType] = [.f32, .bf16, .f16]

  @Test func otherTypesAreRefused() throws {
    let double = FormatError.Reason.unacceptedElementType(
      tensor: "x", found: .f64, accepted: accepted, advice: "convert to float32")
    #expect(try reason(file([("x", .f64, [1, 2])])) == double)
    #expect(try reason(file([("x", .f64, [1, 2])]), tensor: "x") == double)
    #expect(
      try reason(file([("x", .i32, [1, 2])]), tensor: "x")
        == .unacceptedElementType(tensor: "x", found: .i32, accepted: accepted))
    #expect(
      try reason(array(.f64, [1, 2]), "a.npy")
        == .unacceptedElementType(
          tensor: "array", found: .f64, accepted: accepted, advice: "convert to float32"))
    #expect(
      try reason(array(.i64, [1, 2]), "a.npy")
        == .unacceptedElementType(tensor: "array", found: .i64, accepted: accepted))
  }

  @Test func otherShapesAreRefused() throws {
    let expected = "[rows, width] or [rows, heads, head width]"
    #expect(
      try reason(file([("x", .f32, [2])]), tensor: "x")
        == .wrongShape(tensor: "x", found: [2], expected: expected))
    #expect(
      try reason(file([("x", .f32, [1, 1, 1, 2])]), tensor: "x")
        == .wrongShape(tensor: "x", found: [1, 1, 1, 2], expected: expected))
    #expect(
      try reason(array(.f32, []), "a.npy")
        == .wrongShape(tensor: "array", found: [], expected: expected))
    #expect(
      try reason(file([("x", .f32, [2, 0])]))
        == .wrongShape(tensor: "x", found: [2, 0], expected: "a width of at least 1"))
    #expect(
      try reason(file([("x", .f32, [2, 3, 0])]))
        == .wrongShape(tensor: "x", found: [2, 3, 0], expected: "a width of at least 1"))
    #expect(
      try reason(
        safetensors(
          #"{"x":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}"#))
        == .shapeOverflow(tensor: "x", shape: [0, 1 << 32, 1 << 32]))
    #expect(
      try reason(
        safetensors(
          #"{"x":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#))
        == .shapeOverflow(tensor: "x", shape: [0, .max]))
  }

  @Test func zeroRowsAreFine() throws {
    #expect(try open(file([("x", .f32, [0, 4])])).rowCount == 0)
    #expect(try open(array(.f32, [0, 4]), "a.npy").width == 4)
    #expect(try open([], "a.bin", shape: [0, 4]).rowCount == 0)
  }

  @Test(arguments: ["a.npy", "a", "a.safetensors", "a.bin"])
  func npyIsKnownByItsMagic(_ name: String) throws {
    let opened = try open(array(.f16, [2, 3]), name)
    #expect(opened.kind == .npy)
    #expect(opened.tensorName == nil)
    #expect(opened.dataOffset == 128)
    #expect(opened.rowByteCount == 6)
    #expect(opened.description == "npy array")
    #expect(opened.companion("x") == nil)
    #expect(opened.companionNames == [])
    #expect(try open(array(.f32, [2, 3, 4]), name).wasFlattened)
  }

  @Test(arguments: ["a", "a.bin", "a.npy"])
  func safetensorsIsKnownByItsHeader(_ name: String) throws {
    #expect(try open(file([("x", .f32, [1, 2])]), name).kind == .safetensors)
  }

  @Test func aDamagedFileIsReportedAsWhatItStartsLike() throws {
    let bytes = file([("x", .f32, [1, 2])])
    #expect(
      try reason(Array(bytes.dropLast()), "a")
        == .truncated(what: "tensor data", needed: 8, available: 7))
    #expect(
      try reason([1, 2], "a.safetensors")
        == .truncated(what: "header length", needed: 8, available: 2))
    #expect(
      try reason(Array(try array(.f32, [1, 2]).dropLast()), "a")
        == .truncated(what: "npy array", needed: 8, available: 7))
  }

  private let unrecognised = FormatError.Reason.unrecognised(
    expected: "safetensors or npy",
    advice: "give --shape rows,width if it is raw little-endian float32")

  @Test(arguments: [0, 4, 8, 9, 64])
  func unknownFilesNeedAShape(_ count: Int) throws {
    #expect(try reason(Array(repeating: 0, count: count), "a.bin") == unrecognised)
  }

  @Test func rawFilesAreReadWithTheirShape() throws {
    let values: [Float] = [1, 2, 3, 4, 5, 6]
    let opened = try open(floatBytes(values), "a.bin", shape: [2, 3])
    #expect(opened.kind == .raw)
    #expect(opened.dataOffset == 0)
    #expect(opened.elementType == .f32)
    #expect(opened.tensor.shape == [2, 3])
    #expect(opened.tensor.bytes == floatBytes(values))
    #expect(opened.description == "raw float32 matrix")
  }

  @Test func rawShapesMustFit() throws {
    let bytes = floatBytes([1, 2, 3, 4])
    #expect(
      try reason(bytes, "a", shape: [1, 3]) == .sizeMismatch(tensor: "raw", found: 16, expected: 12)
    )
    #expect(
      try reason(bytes, "a", shape: [2, 3]) == .sizeMismatch(tensor: "raw", found: 16, expected: 24)
    )
    for shape in [[], [4], [2, 2, 1], [-2, -2], [-1, 4], [4, 0], [0, 0]] {
      #expect(
        try reason(bytes, "a", shape: shape)
          == .wrongShape(tensor: "raw", found: shape, expected: "[rows, width]"))
    }
    for shape in [[1 << 62, 1 << 62], [1 << 60, 4]] {
      #expect(
        try reason(bytes, "a", shape: shape) == .shapeOverflow(tensor: "raw", shape: shape))
    }
    #expect(try reason([], "a", shape: [0, .max]) == .shapeOverflow(tensor: "raw", shape: [.max]))
  }

  @Test func aShapeForAFileThatHasOneIsRefused() throws {
    func given(_ kind: String) -> FormatError.Reason {
      .unsupported(
        what: "a given shape for a \(kind) file",
        advice: "leave out --shape, the file has its own")
    }
    let bytes = file([("x", .f32, [1, 2])])
    #expect(try reason(bytes, "a.safetensors", shape: [1, 2]) == given("safetensors"))
    #expect(try reason(bytes, "a", shape: [1, 2]) == given("safetensors"))
    #expect(try reason([], "a.safetensors", shape: [0, 2]) == given("safetensors"))
    #expect(try reason(array(.f32, [1, 2]), "a.npy", shape: [1, 2]) == given("npy"))
  }

  @Test func aNameForAFileWithoutNamesIsRefused() throws {
    func given(_ kind: String) -> FormatError.Reason {
      .unsupported(
        what: "a tensor name for a \(kind) file", advice: "leave out --tensor")
    }
    #expect(try reason(array(.f32, [1, 2]), "a.npy", tensor: "x") == given("npy"))
    #expect(try reason(floatBytes([1]), "a", tensor: "x", shape: [1, 1]) == given("raw"))
  }

  private func archive(_ name: String) throws -> [UInt8] {
    try #require(try FormatVector.all("npz/valid").first { $0.name == name }).bytes()
  }

  @Test(arguments: ["stored.npz", "compressed.npz", "streamed.npz"])
  func npzGivesTheTensorThatIsNamed(_ name: String) throws {
    let opened = try open(try archive(name), "a.bin", tensor: "W_enc")
    #expect(opened.kind == .npz)
    #expect(opened.description == "npz array 'W_enc'")
    #expect(opened.tensor.shape == [4, 6])
    #expect(opened.isInFile == (name == "stored.npz"))
    #expect(opened.companionNames == ["W_dec", "b", "scale", "none", "deep/name"])
    #expect(opened.companion("b")?.shape == [6])
    let transposed = try open(try archive(name), tensor: "W_dec")
    #expect(transposed.tensor.shape == [6, 4])
    #expect(!transposed.isInFile)
  }

  @Test func npzIsRefusedAsSafetensorsIs() throws {
    let bytes = try archive("stored.npz")
    #expect(
      try reason(bytes)
        == .ambiguousTensor(
          candidates: ["W_enc", "W_dec", "none"], expected: "one float tensor [rows, width]",
          advice: "choose one with --tensor"))
    #expect(
      try reason(bytes, tensor: "x")
        == .tensorMissing(
          name: "x", available: ["W_enc", "W_dec", "b", "scale", "none", "deep/name"]))
    #expect(
      try reason(bytes, shape: [4, 6])
        == .unsupported(
          what: "a given shape for a npz file", advice: "leave out --shape, the file has its own"))
  }

  @Test func torchFilesAreNoActivations() throws {
    let vector = try #require(try FormatVector.all("torch/valid").first)
    #expect(
      try reason(try vector.bytes(), "a.pt")
        == .unsupported(
          what: "a torch file of activations", advice: "save them as safetensors or npy"))
  }

  @Test func fortranOrderIsReadIntoMemory() throws {
    let text = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n"
    let opened = try open(npy(text) + floatBytes([1, 4, 2, 5, 3, 6]), "a.npy")
    #expect(opened.tensor.bytes == floatBytes([1, 2, 3, 4, 5, 6]))
    #expect(opened.kind == .npy && !opened.isInFile)
  }
}
