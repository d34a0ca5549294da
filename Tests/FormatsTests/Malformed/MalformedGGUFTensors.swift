import Formats

extension MalformedCase {
  private typealias B = GGUFBytes

  private static func tensors(
    _ name: String, _ tensors: [[UInt8]], data: Int = 4, _ expected: FormatError.Reason
  ) -> MalformedCase {
    .init("GGUF: " + name, { B.file(tensors: tensors, data: B.zeros(data)) }, expected)
  }

  private static let types =
    "F32 F16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q8_1 Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K IQ2_XXS IQ2_XS IQ3_XXS"
    + " IQ1_S IQ4_NL IQ3_S IQ2_S IQ4_XS I8 I16 I32 I64 F64 IQ1_M BF16 TQ1_0 TQ2_0 MXFP4 NVFP4 Q1_0"
    + " Q2_0"

  private static func type(_ number: UInt32) -> MalformedCase {
    tensors(
      "tensor type \(number)", [B.tensor("a", [1], type: number)],
      .unknownElementType(
        tensor: "a", found: "ggml type \(number)",
        accepted: types.split(separator: " ").map(String.init)))
  }

  static let ggufTensors: [MalformedCase] = [
    tensors(
      "name of 65 bytes", [B.tensor(String(repeating: "n", count: 65), [1])],
      .limitExceeded(what: "bytes of a tensor's name", found: 65, limit: 64)),
    tensors(
      "name is not UTF-8", [B.string([0xFF]) + B.u32(0) + B.u32(0) + B.u64(0)],
      .invalidUTF8(what: "a tensor's name")),
    tensors(
      "name twice", [B.tensor("a", [1]), B.tensor("a", [1], at: 32)], data: 36,
      .duplicateTensor(name: "a")),
    tensors(
      "five axes", [B.tensor("a", [1, 1, 1, 1, 1])],
      .outOfRange(field: "number of axes", found: "5", expected: "0 to 4", tensor: "a")),
    tensors(
      "axis of 2^63", [B.tensor("a", [1 << 63])],
      .lengthOverflow(what: "an axis of tensor 'a'", found: 1 << 63)),
    tensors(
      "elements that wrap around", [B.tensor("a", [1 << 32, 1 << 32])],
      .shapeOverflow(tensor: "a", shape: [1 << 32, 1 << 32])),
    tensors(
      "elements that wrap around in four axes",
      [B.tensor("a", [1 << 16, 1 << 16, 1 << 16, 1 << 16])],
      .shapeOverflow(tensor: "a", shape: [1 << 16, 1 << 16, 1 << 16, 1 << 16])),
    tensors(
      "bytes that wrap around", [B.tensor("a", [1 << 62])],
      .shapeOverflow(tensor: "a", shape: [1 << 62])),
    tensors(
      "bytes that leave no room for padding", [B.tensor("a", [(1 << 63) - 1], type: 24)],
      .shapeOverflow(tensor: "a", shape: [Int.max])),
    tensors(
      "a row of half a block", [B.tensor("a", [16], type: 2)],
      .wrongShape(
        tensor: "a", found: [16], expected: "a last length that is a multiple of 32 for Q4_0")),
    tensors(
      "a scalar of blocks", [B.tensor("a", [], type: 12)],
      .wrongShape(
        tensor: "a", found: [], expected: "a last length that is a multiple of 256 for Q4_K")),
    type(4), type(31), type(36), type(43), type(.max),
    tensors(
      "first tensor begins late", [B.tensor("a", [1], at: 32)], data: 36,
      .hole(tensor: "a", begin: 32, expected: 0)),
    tensors(
      "second tensor unpadded", [B.tensor("a", [1]), B.tensor("b", [1], at: 4)], data: 8,
      .overlap(tensor: "b", begin: 4, expected: 32)),
    tensors(
      "second tensor over the first", [B.tensor("a", [1]), B.tensor("b", [1])], data: 8,
      .overlap(tensor: "b", begin: 0, expected: 32)),
    tensors(
      "a hole between tensors", [B.tensor("a", [1]), B.tensor("b", [1], at: 64)], data: 68,
      .hole(tensor: "b", begin: 64, expected: 32)),
    tensors(
      "offset of 2^64 - 1", [B.tensor("a", [1], at: .max)],
      .lengthOverflow(what: "offset of tensor 'a'", found: .max)),
    tensors(
      "data short by a byte", [B.tensor("a", [2])], data: 7,
      .truncated(what: "tensor data", needed: 8, available: 7)),
    tensors(
      "no data", [B.tensor("a", [2])], data: 0,
      .truncated(what: "tensor data", needed: 8, available: 0)),
    tensors(
      "an empty tensor past the end", [B.tensor("a", [0])], data: 0,
      // 24 bytes of head and 33 of description end at 57, the data starts at 64.
      .truncated(what: "padding before tensor data", needed: 7, available: 0)),
    tensors(
      "bytes after the padding", [B.tensor("a", [2])], data: 33, .trailingBytes(count: 1)),
    tensors(
      "a terabyte that is not there", [B.tensor("a", [1 << 38])], data: 0,
      .truncated(what: "tensor data", needed: 1 << 40, available: 0)),
  ]
}
