import Formats
import Foundation
import Tensors
import Testing

@Suite struct NPYTests {
  private static func open(_ bytes: [UInt8]) throws -> (NPYFile?, FormatError?) {
    let scratch = try Scratch()
    let path = try scratch.write(bytes, "a.npy")
    do throws(FormatError) {
      return (try NPYFile.open(path), nil)
    } catch {
      #expect(error.path == path)
      return (nil, error)
    }
  }

  static let shapes: [[Int]] = [[], [0], [3], [2, 3], [4, 0], [2, 3, 4], [1, 1, 1, 1, 2]]

  @Test(arguments: shapes)
  func writtenHeadersComeBack(_ shape: [Int]) throws {
    for type in ElementType.allCases {
      guard ![.bf16, .f8e4m3, .f8e5m2].contains(type) else { continue }
      let header = try NPYHeader.encoded(type, shape: shape)
      #expect(header.count % 64 == 0)
      #expect(header.last == 0x0A)
      let count = shape.reduce(1, *) * type.byteCount
      let data = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      let file = try #require(try Self.open(header + data).0)
      #expect(file.tensor.elementType == type)
      #expect(file.tensor.shape == shape)
      #expect(file.dataOffset == header.count)
      #expect(file.tensor.bytes == data)
      #expect(file.header.majorVersion == 1)
    }
  }

  @Test func theHeaderIsNumPysOwn() throws {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    let header = try NPYHeader.encoded(.f32, shape: [2, 3])
    #expect(header.count == 128)
    #expect(Array(header[10..<(10 + text.utf8.count)]) == Array(text.utf8))
    #expect(Array(header.prefix(10)) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0])
  }

  @Test(arguments: [ElementType.bf16, .f8e4m3, .f8e5m2])
  func typesNumPyLacksAreNotWritten(_ type: ElementType) {
    #expect(
      refusal { () throws(FormatError) in try NPYHeader.encoded(type, shape: [1]) }?.reason
        == .unsupported(
          what: "element type \(type.rawValue) in npy", advice: "write F32, or use safetensors"))
  }

  @Test func headersThatDoNotFitAreNotWritten() {
    #expect(
      refusal { () throws(FormatError) in
        try NPYHeader.encoded(.f32, shape: [1 << 62, 4])
      }?.reason == .shapeOverflow(tensor: "array", shape: [1 << 62, 4]))
    let error = refusal { () throws(FormatError) in
      try NPYHeader.encoded(.f32, shape: Array(repeating: 1, count: 30_000))
    }
    guard case .limitExceeded("npy header bytes", _, 65_535)? = error?.reason else {
      Issue.record("got \(String(describing: error))")
      return
    }
  }

  static let accepted: [(name: String, bytes: [UInt8], shape: [Int])] = {
    let plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    return [
      ("without padding", npy(plain, data: 8), [2]),
      ("version 2", npy(plain + "\n", data: 8, version: 2), [2]),
      ("version 3", npy(plain + "   \n", data: 8, version: 3), [2]),
      (
        "no comma at the end", npy("{'descr':'<f4','fortran_order':False,'shape':(2,)}", data: 8),
        [2]
      ),
      (
        "double quotes",
        npy("{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2,)}", data: 8), [2]
      ),
      (
        "other order", npy("{'shape': (1, 2,), 'descr': '<f4', 'fortran_order': False}", data: 8),
        [1, 2]
      ),
      ("scalar", npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", data: 4), []),
      (
        "spaces", npy("  { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 0 ) }"),
        [2, 0]
      ),
    ]
  }()

  @Test(arguments: accepted)
  func accepts(_ name: String, _ bytes: [UInt8], _ shape: [Int]) throws {
    let (file, error) = try Self.open(bytes)
    #expect(error == nil)
    #expect(file?.tensor.shape == shape)
  }

  private static func header(
    _ name: String, descr: String = "'<f4'", order: String = "False", shape: String = "(2,)",
    data: Int = 8, _ expected: FormatError.Reason
  ) -> MalformedCase {
    let text = "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    return MalformedCase(name, { npy(text, data: data) }, expected)
  }

  private static func text(_ name: String, _ text: String, _ expected: FormatError.Reason)
    -> MalformedCase
  { MalformedCase(name, { npy(text, data: 8) }, expected) }

  private static func invalid(_ detail: String) -> FormatError.Reason {
    .invalidNPYHeader(detail: detail)
  }

  private static func unsupported(_ what: String, _ advice: String) -> FormatError.Reason {
    .unsupported(what: what, advice: advice)
  }

  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  private static let numeric = "save a numeric array"
  private static let structured = unsupported(
    "a structured npy array", "save one field, as in numpy.save(path, x['f'])")
  private static let accept = [
    "|b1", "|u1", "|i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8",
  ]

  private static func bigEndian(_ type: String) -> MalformedCase {
    header(
      "big-endian \(type)", descr: "'\(type)'",
      unsupported(
        "big-endian element type '\(type)'", "save x.astype(x.dtype.newbyteorder('<'))"))
  }

  private static func unknown(_ type: String) -> MalformedCase {
    header(
      "unknown type \(type)", descr: "'\(type)'",
      .unknownElementType(tensor: "array", found: type, accepted: accept))
  }

  static let malformed: [MalformedCase] = [
    .init(
      "other magic", { Array("\u{93}NUMPY\u{1}\u{0}".utf8) },
      .unrecognised(expected: "the npy magic bytes", advice: "write it with numpy.save")),
    .init(
      "a zip archive", { [0x50, 0x4B, 3, 4, 0, 0, 0, 0, 0, 0] },
      .unrecognised(expected: "the npy magic bytes", advice: "write it with numpy.save")),
    .init("version 0.0", { magic + [0, 0, 0, 0] }, .unknownNPYVersion(major: 0, minor: 0)),
    .init("version 4.0", { magic + [4, 0, 0, 0] }, .unknownNPYVersion(major: 4, minor: 0)),
    .init("version 1.1", { magic + [1, 1, 0, 0] }, .unknownNPYVersion(major: 1, minor: 1)),
    .init("version 255", { magic + [255, 255, 0, 0] }, .unknownNPYVersion(major: 255, minor: 255)),
    .init(
      "version 2, length 2^32 - 1", { magic + [2, 0, 255, 255, 255, 255] },
      .limitExceeded(what: "npy header bytes", found: 4_294_967_295, limit: 65_536)),
    .init(
      "version 2, length over the limit by 1", { magic + [2, 0, 1, 0, 1, 0] },
      .limitExceeded(what: "npy header bytes", found: 65_537, limit: 65_536)),
    .init(
      "header beyond the file", { magic + [1, 0, 10, 0, 0x7B] },
      .truncated(what: "npy header", needed: 10, available: 1)),
    text("empty header", "", invalid("found the end, expected '{'")),
    text("blank header", "   \n", invalid("found byte 0x0a, expected '{'")),
    text("a list", "[1]", invalid("found '[', expected '{'")),
    text("a call", "open('x')", invalid("found 'o', expected '{'")),
    text("not closed", "{'descr': '<f4'", invalid("found the end, expected '}'")),
    text("garbage after", "{'descr': '<f4'} x", invalid("found 'x' after '}'")),
    text("string not closed", "{'descr", invalid("a string does not end")),
    text("key without quotes", "{descr: 1}", invalid("found 'd', expected a string")),
    text("no colon", "{'descr' '<f4'}", invalid("found ''', expected ':'")),
    text(
      "escape in a string", "{'de\\x73cr': 1}",
      invalid(#"found '\' in a string, expected printable ASCII"#)),
    text(
      "newline in a string", "{'de\ncr': 1}",
      invalid("found byte 0x0a in a string, expected printable ASCII")),
    text(
      "text outside ASCII", "{'descré': 1}",
      invalid("found byte 0xc3 in a string, expected printable ASCII")),
    text(
      "NUL in a string", "{'descr\0': 1}",
      invalid("found byte 0x00 in a string, expected printable ASCII")),
    text("tab between", "{\t'descr': '<f4'}", invalid("found byte 0x09, expected a string")),
    text(
      "unknown key", "{'descr': '<f4', 'order': 1}",
      .unknownField(field: "order", accepted: ["descr", "fortran_order", "shape"])),
    text("descr twice", "{'descr': '<f4', 'descr': '<f4'}", .duplicateKey(key: "descr")),
    text("shape twice", "{'shape': (), 'shape': ()}", .duplicateKey(key: "shape")),
    text(
      "order twice", "{'fortran_order': False, 'fortran_order': False}",
      .duplicateKey(key: "fortran_order")),
    text("no keys", "{}", .missingField(field: "descr")),
    text("no order", "{'descr': '<f4', 'shape': (2,)}", .missingField(field: "fortran_order")),
    text("no shape", "{'descr': '<f4', 'fortran_order': False}", .missingField(field: "shape")),
    text("no descr", "{'shape': (2,), 'fortran_order': False}", .missingField(field: "descr")),
    header(
      "Fortran order, one byte missing", order: "True", shape: "(1, 2)", data: 7,
      .truncated(what: "npy array", needed: 8, available: 7)),
    header("order is 0", order: "0", invalid("found '0', expected True or False")),
    header("order in lower case", order: "false", invalid("found 'f', expected True or False")),
    header("order with a tail", order: "Falsey", invalid("found 'y', expected '}'")),
    bigEndian(">f4"), bigEndian(">f8"), bigEndian(">i8"),
    header("objects", descr: "'|O'", unsupported("an array of Python objects", numeric)),
    header("structured list", descr: "[('x', '<f4')]", structured),
    header("structured tuple", descr: "('<f4', (2,))", structured),
    header(
      "raw bytes", descr: "'|V2'",
      unsupported(
        "raw element type '|V2'", "save x.astype('float32'), or bfloat16 as safetensors")),
    header(
      "complex", descr: "'<c8'",
      unsupported("complex element type '<c8'", "save x.real or numpy.abs(x)")),
    header("text", descr: "'<U5'", unsupported("text or time element type '<U5'", numeric)),
    header("bytes", descr: "'|S5'", unsupported("text or time element type '|S5'", numeric)),
    header(
      "dates", descr: "'<M8[ns]'", unsupported("text or time element type '<M8[ns]'", numeric)),
    unknown("=f4"), unknown("f4"), unknown("float32"), unknown(""), unknown("<f16"),
    unknown("<b1"), unknown("<f4 "), unknown("|f4"), unknown("<F4"), unknown("<i3"),
    header("descr is a number", descr: "4", invalid("found '4', expected a string")),
    header("descr is None", descr: "None", invalid("found 'N', expected a string")),
    header("shape is a number", shape: "2", invalid("found '2', expected '('")),
    header("shape is a list", shape: "[2]", invalid("found '[', expected '('")),
    header(
      "shape is no tuple", shape: "(2)",
      invalid("shape is a number in brackets, expected a tuple as in (3,)")),
    header("shape not closed", shape: "(2", invalid("found '}', expected a length")),
    header("comma alone", shape: "(,)", invalid("found ',', expected a length")),
    header("two commas", shape: "(2,,)", invalid("found ',', expected a length")),
    header("no comma between", shape: "(2 2)", invalid("found '2', expected ',' or ')'")),
    header("negative length", shape: "(-2,)", invalid("found '-', expected a length")),
    header("float length", shape: "(2.0,)", invalid("found '.', expected ',' or ')'")),
    header("long suffix", shape: "(2L,)", invalid("found 'L', expected ',' or ')'")),
    header(
      "leading zero", shape: "(02,)", invalid("a length starts with 0, expected no leading zero")),
    header("None length", shape: "(None,)", invalid("found 'N', expected a length")),
    header("nested tuple", shape: "((2,),)", invalid("found '(', expected a length")),
    header(
      "2^63", shape: "(9223372036854775808,)",
      .outOfRange(
        field: "shape", found: "9223372036854775808", expected: "0...9223372036854775807")),
    header(
      "2^32 x 2^32", shape: "(4294967296, 4294967296)",
      .shapeOverflow(tensor: "array", shape: [1 << 32, 1 << 32])),
    header(
      "bytes overflow", shape: "(4611686018427387904,)",
      .shapeOverflow(tensor: "array", shape: [1 << 62])),
    header("data missing", data: 0, .truncated(what: "npy array", needed: 8, available: 0)),
    header("one byte missing", data: 7, .truncated(what: "npy array", needed: 8, available: 7)),
    header("one byte left over", data: 9, .trailingBytes(count: 1)),
    header("two arrays in one file", data: 16, .trailingBytes(count: 8)),
    header("empty array, one byte", shape: "(0,)", data: 1, .trailingBytes(count: 1)),
  ]

  @Test(arguments: malformed)
  func isRefusedForItsReason(_ malformed: MalformedCase) throws {
    let error = try Self.open(malformed.bytes()).1
    #expect(error?.reason == malformed.expected)
    #expect(error?.message.contains("\n") == false)
  }

  @Test(arguments: [1, 2, 3] as [UInt8])
  func truncationAtEveryByteIsRefused(version: UInt8) throws {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  \n"
    let valid = npy(text, data: 8, version: version)
    let start = version == 1 ? 10 : 12
    #expect(try Self.open(valid).1 == nil)
    for count in valid.indices {
      let expected: FormatError.Reason =
        if count < 8 {
          .truncated(what: "npy magic and version", needed: 8, available: count)
        } else if count < start {
          .truncated(what: "npy header length", needed: start - 8, available: count - 8)
        } else if count < start + text.utf8.count {
          .truncated(what: "npy header", needed: text.utf8.count, available: count - start)
        } else {
          .truncated(what: "npy array", needed: 8, available: count - start - text.utf8.count)
        }
      #expect(try Self.open(Array(valid.prefix(count))).1?.reason == expected)
    }
  }

  @Test func everyChangeOfOneByteIsRefusedOrStaysConsistent() {
    let valid = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", data: 8)
    for index in valid.indices {
      for value in UInt8.min...UInt8.max {
        var bytes = valid
        bytes[index] = value
        guard
          let header = try? NPYHeader.parse(bytes.span.bytes, fileByteCount: bytes.count)
        else { continue }
        let count = header.shape.reduce(1, *) * header.elementType.byteCount
        #expect(header.dataOffset + count == bytes.count)
      }
    }
  }
}
