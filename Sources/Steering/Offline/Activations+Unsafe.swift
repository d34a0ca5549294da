import Formats
import SAE
import Tensors

/// Recorded residual rows in a file: safetensors, npy, or raw f32 with a shape.
///
/// Rows are read in chunks of a few megabytes, so that memory does not grow with the file. Beside the
/// matrix, a safetensors file may say where rows stood in their text: `positions` (integers, 0 for the
/// first token) and `special` (non-zero for BOS and its kind).
public final class Activations {
  package let file: ActivationFile
  /// Position of each row in its sequence, or nil when the file does not say.
  public let positions: [Int]?
  /// Whether each row belongs to a special token, or nil when the file does not say.
  public let isSpecial: [Bool]?

  /// The file.
  public var path: String { file.path }
  /// Number of rows.
  public var rowCount: Int { file.rowCount }
  /// Columns of a row.
  public var width: Int { file.width }
  /// Stored type: F32, BF16 or F16.
  public var elementType: ElementType { file.elementType }
  /// What was opened, for example `safetensors tensor 'activations'`.
  public var description: String { file.description }

  /// Opens a file of activations.
  ///
  /// - Parameters:
  ///   - tensor: Which tensor of a safetensors or npz file; needed when it holds several float matrices.
  ///   - shape: `[rows, width]` of a raw f32 file; refused for files that have a shape.
  public init(
    _ path: String, tensor: String? = nil, shape: [Int]? = nil
  ) throws(SteeringError) {
    do throws(FormatError) {
      file = try ActivationFile.open(path, tensorName: tensor, shape: shape)
      positions = try Self.companion("positions", of: file)
      isSpecial = try Self.companion("special", of: file)?.map { $0 != 0 }
      if let row = positions?.firstIndex(where: { $0 < 0 }) {
        throw FormatError(
          .outOfRange(
            field: "positions[\(row)]", found: "\(positions?[row] ?? 0)", expected: "0 or more"))
      }
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  private static func companion(
    _ name: String, of file: ActivationFile
  ) throws(FormatError) -> [Int]? {
    guard let tensor = file.companion(name) else { return nil }
    guard tensor.shape == [file.rowCount] else {
      throw FormatError(
        .wrongShape(tensor: name, found: tensor.shape, expected: "[\(file.rowCount)], one per row"))
    }
    guard let values = tensor.integers() else {
      throw FormatError(
        .wrongType(field: name, found: tensor.elementType.rawValue, expected: "an integer type"))
    }
    return values
  }

  /// The position of row `row`: what the file says, else its index.
  public func position(ofRow row: Int) -> Int { positions?[row] ?? row }

  /// Whether row `row` belongs to a special token: as the file says, else by position 0, where it has
  /// positions.
  package func isSpecialToken(_ row: Int) -> Bool {
    isSpecial?[row] ?? (positions?[row] == 0)
  }

  /// The integers that another tensor of the file holds, one per row: `documents`, `segments`.
  ///
  /// - Throws: `malformedFile` when it is not there, or no vector of integers, one per row.
  public func integers(_ name: String) throws(SteeringError) -> [Int] {
    do throws(FormatError) {
      guard let values = try Self.companion(name, of: file) else {
        throw FormatError(.tensorMissing(name: name, available: file.companionNames))
      }
      return values
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  /// What the file says of its rows, in the order in which files of codes hold it.
  func rowMarks() throws(SteeringError) -> [(name: String, values: [Int])] {
    var marks: [(name: String, values: [Int])] = []
    for name in ["documents", "tokens", "positions", "special", "segments"]
    where file.companion(name) != nil {
      marks.append((name, try integers(name)))
    }
    return marks
  }

  /// Rows that fit into a few megabytes.
  package var rowsPerChunk: Int {
    min(max(1, (4 << 20) / max(1, width * MemoryLayout<Float>.stride)), max(rowCount, 1))
  }

  /// Calls `body` with consecutive chunks of rows widened to f32, `[count, width]`, contiguous.
  package func forEachChunk(
    _ body: (_ first: Int, _ count: Int, _ rows: UnsafePointer<Float>) throws(SteeringError) -> Void
  ) throws(SteeringError) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, rowsPerChunk * file.rowByteCount), alignment: 64)
    defer { bytes.deallocate() }
    guard let base = bytes.baseAddress else { return }
    let values = FloatBuffer(count: rowsPerChunk * width)
    var first = 0
    while first < rowCount {
      let rows = first..<min(first + rowsPerChunk, rowCount)
      try read(rows, into: bytes)
      elementType.widen(base, count: rows.count * width, into: values.base, .best)
      try body(first, rows.count, values.base)
      first = rows.upperBound
    }
    try checkUnchanged()
  }

  /// Reads the bytes of `rows` as they are stored.
  package func read(
    _ rows: Range<Int>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(SteeringError) {
    try SteeringError.rendering { () throws(FormatError) in try file.read(rows, into: bytes) }
  }

  package func checkUnchanged() throws(SteeringError) {
    do throws(FormatError) {
      try file.file.checkUnchanged()
    } catch {
      throw SteeringError(error)
    }
  }

  /// Throws unless rows have `expected` columns.
  package func checkWidth(_ expected: Int, of place: String) throws(SteeringError) {
    guard width == expected else {
      throw SteeringError(
        .shapeMismatch,
        "\(path): \(description) has rows of width \(width), expected \(expected), the \(place)")
    }
  }
}
