import Formats
import Testing

@Suite struct FormatErrorTests {
  static let messages: [(reason: FormatError.Reason, message: String)] = [
    (
      .truncated(what: "header", needed: 9, available: 2),
      "header is cut short: 2 bytes, expected 9"
    ),
    (
      .lengthOverflow(what: "header", found: .max),
      "length of header is 18446744073709551615, which no file can have"
    ),
    (
      .limitExceeded(what: "JSON depth", found: 65, limit: 64),
      "JSON depth: 65, expected at most 64"
    ),
    (
      .headerTooLarge(found: 20, limit: 10),
      "header is 20 bytes long, expected at most 10; is this a safetensors file?"
    ),
    (
      .trailingBytes(count: 3),
      "3 bytes follow the last array, expected the file to end there"
    ),
    (.invalidUTF8(what: "header"), "header is not valid UTF-8"),
    (.invalidJSON(detail: "found 'x'"), "not valid JSON: found 'x'"),
    (
      .integerOutOfRange(text: "99999999999999999999"),
      "integer 99999999999999999999 is out of range, expected at most 64 bits"
    ),
    (
      .numberOutOfRange(text: "1e999"), "number 1e999 is out of range, expected a finite double"
    ),
    (.duplicateKey(key: "a"), "key 'a' appears twice, expected once"),
    (.alreadyExists, "exists already, expected a path where nothing is"),
    (
      .notPrivate(path: "a b.key", mode: 0o640),
      "others than its owner may use it (mode 0640), expected mode 0600; run chmod 600 'a b.key'"
    ),
    (
      .foreignOwner(found: 1001, expected: 1000),
      "belongs to user 1001, expected a file of user 1000, who reads it, or of root"
    ),
    (
      .foreignOwner(found: 1001, expected: 0),
      "belongs to user 1001, expected a file of user 0, who reads it"
    ),
    (.missingField(field: "weight_map"), "field 'weight_map' is missing"),
    (.missingField(field: "shape", tensor: "W"), "tensor 'W': field 'shape' is missing"),
    (
      .wrongType(field: "d_in", found: "a string", expected: "an integer"),
      "field 'd_in' is a string, expected an integer"
    ),
    (
      .outOfRange(field: "shape[0]", found: "-1", expected: "0...9", tensor: "W"),
      "tensor 'W': 'shape[0]' is -1, expected 0...9"
    ),
    (
      .unknownField(field: "x", accepted: ["a", "b"]),
      "field 'x' is unknown, expected one of a, b"
    ),
    (.wrongHeaderStart(found: "'['"), "header starts with '[', expected '{'"),
    (
      .unknownElementType(tensor: "W", found: "F4", accepted: ["F16", "F32"]),
      "tensor 'W' has unknown element type 'F4', expected one of F16, F32"
    ),
    (
      .unacceptedElementType(tensor: "W", found: .f64, accepted: [.f32], advice: "convert"),
      "tensor 'W' has element type F64, expected one of F32; convert"
    ),
    (
      .shapeOverflow(tensor: "W", shape: [1 << 62, 4]),
      "tensor 'W' has shape [4611686018427387904, 4], whose byte count overflows 64 bits"
    ),
    (
      .wrongShape(tensor: "W", found: [2], expected: "[rows, width]"),
      "tensor 'W' has shape [2], expected [rows, width]"
    ),
    (
      .sizeMismatch(tensor: "W", found: 7, expected: 8),
      "tensor 'W' has 7 bytes, expected 8 from its type and shape"
    ),
    (
      .reversedOffsets(tensor: "W", begin: 8, end: 0),
      "tensor 'W' ends at 0, expected at least its begin 8"
    ),
    (
      .hole(tensor: "W", begin: 8, expected: 0),
      "tensor 'W' begins at 8, expected 0: no bytes may lie between tensors"
    ),
    (
      .overlap(tensor: "W", begin: 0, expected: 8),
      "tensor 'W' begins at 0, expected 8: tensors may not overlap"
    ),
    (
      .duplicateTensor(name: "W", files: ["x", "y"]),
      "tensor 'W' is defined twice (in x, y), expected once"
    ),
    (
      .tensorMissing(name: "W", available: ["a", "b"]),
      "tensor 'W' is missing, the file has a, b"
    ),
    (
      .tensorMissing(name: "W", available: []),
      "tensor 'W' is missing, the file has no tensors"
    ),
    (
      .ambiguousTensor(candidates: ["a", "b"], expected: "one", advice: "choose one"),
      "2 tensors fit: a, b, expected one; choose one"
    ),
    (
      .ambiguousTensor(candidates: [], expected: "one", advice: "give another file"),
      "no tensor fits, expected one; give another file"
    ),
    (
      .unmappedTensor(name: "W", file: "x"),
      "tensor 'W' is in 'x', expected it in the index's weight_map for that file"
    ),
    (
      .incompleteTensor(tensor: "W", written: 1, expected: 2),
      "tensor 'W' has 1 bytes written, expected 2"
    ),
    (
      .invalidNPYHeader(detail: "found 'x', expected '{'"),
      "not a valid npy header: found 'x', expected '{'"
    ),
    (
      .unknownNPYVersion(major: 4, minor: 1), "npy version is 4.1, expected 1.0, 2.0 or 3.0"
    ),
    (.invalidZip(detail: "x"), "not a valid zip archive: x"),
    (
      .checksumMismatch(entry: "a", found: 0x1F, expected: 0xFFFF_FFFF),
      "entry 'a' has CRC-32 0x0000001f, expected 0xffffffff: its bytes are damaged"
    ),
    (.invalidPickle(detail: "x"), "not a valid pickle: x"),
    (
      .refusedCall(name: "posix.system"),
      "'posix.system' would be called, expected tensors and plain values only"
    ),
    (.invalidYAML(detail: "x"), "not valid YAML: x"),
    (.systemCall(call: "open", errno: 2), "open: no such file or directory"),
    (.notARegularFile(kind: "directory"), "found a directory, expected a regular file"),
    (
      .fileChanged(detail: "it has become shorter"),
      "the file changed while it was being read: it has become shorter; "
        + "run again when it is complete"
    ),
    (
      .invalidFileName(name: "../x"), "file name '../x' is invalid, expected a plain name"
    ),
    (
      .unrecognised(expected: "npy", advice: "give --shape"),
      "unknown format, expected npy; give --shape"
    ),
    (.unsupported(what: "this", advice: "do that"), "this is not supported; do that"),
  ]

  @Test(arguments: messages)
  func saysFactThenExpectation(_ reason: FormatError.Reason, _ message: String) {
    #expect(FormatError(reason).message == message)
  }

  @Test func pathComesFirstAndOffsetLast() {
    let error = FormatError(.duplicateKey(key: "a"), offset: 7, path: "dir/x.json")
    #expect(error.message == "dir/x.json: key 'a' appears twice, expected once (at byte 7)")
    #expect("\(error)" == error.message)
    #expect(error.at(path: "other").path == "dir/x.json")
    #expect(FormatError(.duplicateKey(key: "a")).at(path: "other").path == "other")
    #expect(error.shifted(by: 8).offset == 15)
  }

  @Test func textFromFilesIsMadeHarmless() {
    let name = "a\n\u{1B}[31m\u{202E}\u{0}\u{2028}"
    #expect(
      FormatError(.duplicateKey(key: name)).message
        == #"key 'a\u{a}\u{1b}[31m\u{202e}\u{0}\u{2028}' appears twice, expected once"#)
    let long = FormatError(.duplicateKey(key: String(repeating: "x", count: 100_000))).message
    #expect(long.utf8.count < 200)
    let marks = FormatError(.duplicateKey(key: String(repeating: "\u{301}", count: 100_000)))
    #expect(marks.message.utf8.count < 400)
    let names = (0..<1000).map { "t\($0)" }
    #expect(
      FormatError(.tensorMissing(name: "W", available: names)).message
        == "tensor 'W' is missing, the file has "
        + "t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 990 more")
    let path = String(repeating: "d/", count: 1000) + "x.json"
    let cut = FormatError(.trailingBytes(count: 1), path: path).message
    #expect(cut.hasPrefix("...") && cut.contains("/x.json: 1 bytes"))
  }
}
