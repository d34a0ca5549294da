import Formats
import Tensors

/// A tensor of integers beside a shard's rows, one per row, read piece by piece.
struct ShardColumn {
  let name: String
  private let tensor: Tensor

  /// The column called `name`; nil when the file has none.
  ///
  /// - Throws: `wrongShape`, `wrongType`.
  init?(
    _ name: String, rowCount: Int, _ find: (String) -> Tensor?
  ) throws(FormatError) {
    guard let tensor = find(name) else { return nil }
    guard tensor.shape == [rowCount] else {
      throw FormatError(
        .wrongShape(tensor: name, found: tensor.shape, expected: "[\(rowCount)], one per row"))
    }
    guard tensor.elementType.isInteger else {
      throw FormatError(
        .wrongType(field: name, found: tensor.elementType.rawValue, expected: "an integer type"))
    }
    self.name = name
    self.tensor = tensor
  }

  /// The values of `rows`.
  ///
  /// - Throws: `outOfRange` for a value outside `range`.
  func values(
    _ rows: Range<Int>, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(FormatError) -> [Int] {
    let part = tensor.slice(rows)
    guard let values = part.integers() else {
      throw FormatError(
        .outOfRange(field: name, found: "more than 63 bits", expected: "a 64-bit integer"))
    }
    if let place = values.firstIndex(where: { !range.contains($0) }) {
      throw FormatError(
        .outOfRange(
          field: "\(name)[\(rows.lowerBound + place)]", found: "\(values[place])",
          expected: range.upperBound == .max
            ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"))
    }
    return values
  }
}

extension ElementType {
  /// Whether elements are integers; BOOL counts as 0 and 1.
  var isInteger: Bool {
    switch self {
    case .bool, .u8, .i8, .u16, .i16, .u32, .i32, .u64, .i64: true
    case .f8e5m2, .f8e4m3, .f16, .bf16, .f32, .f64: false
    }
  }
}

extension Tensor {
  /// Elements `range` of a vector.
  func slice(_ range: Range<Int>) -> Tensor {
    Tensor(
      elementType, shape: [range.count], storage: storage,
      byteOffset: byteOffset + range.lowerBound * elementType.byteCount)
  }
}
