import Formats
import Tensors
import Testing

@Suite struct SafetensorsWriterTests {
  private let entries: [SafetensorsWriter.Entry] = [
    .init("flags", .bool, shape: [3]),
    .init("half", .bf16, shape: [5]),
    .init("wide", .f64, shape: [2, 1]),
    .init("nothing", .f32, shape: [0, 7]),
    .init("single", .f32, shape: []),
    .init("words", .u16, shape: [1]),
  ]

  private func content(_ index: Int) -> [UInt8] {
    let entry = entries[index]
    let count = entry.shape.reduce(1, *) * entry.elementType.byteCount
    return (0..<count).map { UInt8(truncatingIfNeeded: index * 16 + $0) }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = try Scratch()
    let path = scratch.file("a.safetensors")
    let metadata = [(key: "format", value: "pt"), (key: "note", value: "a \"b\"\n\u{1F600}")]
    let writer = try SafetensorsWriter(path: path, entries: entries, metadata: metadata)
    for index in entries.indices.reversed() {
      try writer.write(content(index).span.bytes, to: index, atByte: 0)
    }
    #expect(try scratch.names().contains("a.safetensors") == false)
    try writer.finish()
    #expect(try scratch.names() == ["a.safetensors"])
    let file = try SafetensorsFile.open(path)
    #expect(file.dataOffset == writer.dataOffset)
    #expect(file.dataOffset % 64 == 0)
    #expect(file.metadata.map(\.key) == metadata.map(\.key))
    #expect(file.metadata.map(\.value) == metadata.map(\.value))
    #expect(Set(file.tensors.map(\.name)) == Set(entries.map(\.name)))
    for (index, entry) in entries.enumerated() {
      let tensor = try #require(file[entry.name])
      #expect(tensor.elementType == entry.elementType)
      #expect(tensor.shape == entry.shape)
      #expect(tensor.bytes == content(index))
      #expect(tensor.byteOffset % entry.elementType.byteCount == 0)
    }
  }

  @Test func piecesMayComeInAnyOrder() throws {
    let scratch = try Scratch()
    let path = scratch.file("a")
    let writer = try SafetensorsWriter(path: path, entries: [.init("a", .u8, shape: [100])])
    let bytes = (0..<100).map { UInt8($0) }
    for start in [90, 10, 50, 30, 70, 0, 20, 40, 60, 80] {
      let piece = bytes[start..<(start + 10)]
      try writer.write(Array(piece).span.bytes, to: 0, atByte: start)
      try writer.write(Array(piece).span.bytes, to: 0, atByte: start)
    }
    try writer.finish()
    #expect(try SafetensorsFile.open(path)["a"]?.bytes == bytes)
  }

  @Test func appendingGoesOnPerTensor() throws {
    let scratch = try Scratch()
    let path = scratch.file("a")
    let writer = try SafetensorsWriter(
      path: path, entries: [.init("a", .u8, shape: [4]), .init("b", .u8, shape: [2])])
    for value in [1, 2] as [UInt8] {
      try writer.append([value, value].span.bytes, to: 0)
      try writer.append([value + 10].span.bytes, to: 1)
    }
    try writer.finish()
    let file = try SafetensorsFile.open(path)
    #expect(file["a"]?.bytes == [1, 1, 2, 2])
    #expect(file["b"]?.bytes == [11, 12])
  }

  @Test func aFileWithoutTensorsIsWritten() throws {
    let scratch = try Scratch()
    try SafetensorsWriter(path: scratch.file("a"), entries: []).finish()
    let file = try SafetensorsFile.open(scratch.file("a"))
    #expect(file.tensors.isEmpty)
    #expect(file.dataOffset == 64)
  }

  @Test func missingBytesAreRefusedAndNothingIsLeft() throws {
    let scratch = try Scratch()
    let path = try scratch.write([1], "a")
    let writer = try SafetensorsWriter(path: path, entries: entries)
    for index in entries.indices.dropFirst() {
      try writer.write(content(index).span.bytes, to: index, atByte: 0)
    }
    try writer.write(([1] as [UInt8]).span.bytes, to: 0, atByte: 1)
    try writer.write(([1] as [UInt8]).span.bytes, to: 0, atByte: 1)
    try writer.write(([1] as [UInt8]).span.bytes, to: 0, atByte: 0)
    #expect(
      refusal { () throws(FormatError) in try writer.finish() }
        == FormatError(.incompleteTensor(tensor: "flags", written: 2, expected: 3), path: path))
    #expect(try scratch.names() == ["a"])
    #expect(try scratch.read("a") == [1])
  }

  @Test func abandonedWritersLeaveNothing() throws {
    let scratch = try Scratch()
    do {
      let writer = try SafetensorsWriter(path: scratch.file("a"), entries: entries)
      try writer.append(content(0).span.bytes, to: 0)
    }
    #expect(try scratch.names() == [])
  }

  static let outside: [(offset: Int, count: Int)] = [(0, 4), (3, 1), (-1, 1), (4, 0), (.max, 1)]

  @Test(arguments: outside)
  func bytesOutsideTheTensorAreRefused(_ offset: Int, _ count: Int) throws {
    let scratch = try Scratch()
    let path = scratch.file("a")
    let writer = try SafetensorsWriter(path: path, entries: entries)
    let bytes = [UInt8](repeating: 0, count: count)
    let error = refusal { () throws(FormatError) in
      try writer.write(bytes.span.bytes, to: 0, atByte: offset)
    }
    #expect(
      error?.reason
        == .outOfRange(
          field: "bytes written", found: "\(count) bytes at \(offset)", expected: "0...3",
          tensor: "flags"))
  }

  static let refused:
    [(
      entries: [SafetensorsWriter.Entry], metadata: [(key: String, value: String)],
      reason: FormatError.Reason
    )] = [
      (
        [.init("a", .u8, shape: []), .init("a", .f32, shape: [])], [],
        .duplicateTensor(name: "a")
      ),
      (
        [.init("\u{E9}", .u8, shape: []), .init("e\u{301}", .u8, shape: [])], [],
        .duplicateTensor(name: "e\u{301}")
      ),
      ([], [("k", "1"), ("k", "2")], .duplicateKey(key: "k")),
      (
        [.init("a", .u8, shape: [1 << 62, 4])], [],
        .shapeOverflow(tensor: "a", shape: [1 << 62, 4])
      ),
      ([.init("a", .u8, shape: [-1])], [], .shapeOverflow(tensor: "a", shape: [-1])),
      (
        [.init("a", .u8, shape: [.max]), .init("b", .u8, shape: [.max])], [],
        .shapeOverflow(tensor: "b", shape: [.max])
      ),
      (
        [.init("__metadata__", .u8, shape: [])], [],
        .outOfRange(
          field: "tensor name", found: "__metadata__",
          expected: "a name without U+0000 other than __metadata__")
      ),
      (
        [.init("a\0", .u8, shape: [])], [],
        .outOfRange(
          field: "tensor name", found: "a\0",
          expected: "a name without U+0000 other than __metadata__")
      ),
    ]

  @Test(arguments: refused.indices)
  func layoutsThatCannotBeReadAreRefused(_ index: Int) throws {
    let scratch = try Scratch()
    let (entries, metadata, reason) = Self.refused[index]
    let error = refusal { () throws(FormatError) in
      try SafetensorsWriter(path: scratch.file("a"), entries: entries, metadata: metadata)
    }
    #expect(error == FormatError(reason, offset: error?.offset, path: scratch.file("a")))
    #expect(try scratch.names() == [])
  }

  @Test func headersOverTheLimitAreRefused() throws {
    let scratch = try Scratch()
    let error = refusal { () throws(FormatError) in
      try SafetensorsWriter(
        path: scratch.file("a"), entries: [],
        metadata: [("k", String(repeating: "x", count: 16 << 20))])
    }
    #expect(error?.reason == .headerTooLarge(found: (16 << 20) + 56, limit: 16 << 20))
  }

  @Test func aPipeTakesTensorsInOrder() throws {
    let scratch = try Scratch()
    let output = try SafetensorsWriter(
      path: "/dev/null", entries: [.init("a", .u8, shape: [1]), .init("b", .u8, shape: [1])])
    let byte: [UInt8] = [1]
    #expect(
      refusal { () throws(FormatError) in
        try output.write(byte.span.bytes, to: 1, atByte: 0)
      }?.reason
        == .unsupported(
          what: "writing out of order to a pipe or device", advice: "write to a file"))
    try output.append(byte.span.bytes, to: 0)
    try output.append(byte.span.bytes, to: 1)
    try output.finish()
    #expect(try scratch.names() == [])
  }
}
