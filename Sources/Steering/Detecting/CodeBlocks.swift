import Formats
import Tensors

/// Stored codes of a shard, as `steerctl encode` writes them, a run of rows at a time.
///
/// `row_offsets` I64 [rows + 1], `indices` I32 and `values` F32 [active], `undefined_rows` I64 where there are
/// some, `norms` F32 [rows] where they are known, metadata `feature_count` and `dictionary`, its name.
final class CodeBlocks: StoredCodes {
  let featureCount: Int
  let rowCount: Int
  private let file: SafetensorsFile
  private let offsets: Tensor
  private let indices: Tensor
  private let values: Tensor
  private let norms: Tensor?
  private let undefined: [Int]
  private var row = 0

  private static let rowsPerBlock = 512

  /// - Throws: `malformedFile` naming tensor and what is expected of it.
  init(
    _ path: String, featureCount expected: Int?, dictionary: String?
  ) throws(SteeringError) {
    do throws(FormatError) {
      file = try SafetensorsFile.open(path)
      try Self.checkDictionary(of: file, dictionary)
      offsets = try Self.vector("row_offsets", of: file, [.i64], count: nil)
      guard offsets.elementCount > 0 else {
        throw FormatError(
          .wrongShape(tensor: "row_offsets", found: offsets.shape, expected: "[rows + 1]"))
      }
      rowCount = offsets.elementCount - 1
      indices = try Self.vector("indices", of: file, [.i32], count: nil)
      values = try Self.vector("values", of: file, [.f32], count: indices.elementCount)
      norms =
        file["norms"] == nil
        ? nil : try Self.vector("norms", of: file, [.f32, .f64], count: rowCount)
      featureCount = try Self.featureCount(of: file, expected)
      undefined = try Self.undefinedRows(of: file, rowCount)
      guard offsets.integer(0) == 0, offsets.integer(rowCount) == indices.elementCount else {
        throw FormatError(
          .outOfRange(
            field: "row_offsets",
            found: "from \(offsets.integer(0) ?? -1) to \(offsets.integer(rowCount) ?? -1)",
            expected: "from 0 to \(indices.elementCount)"))
      }
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  var hasNorms: Bool { norms != nil || rowCount == 0 }

  /// Another tensor of the file.
  func companion(_ name: String) -> Tensor? { file[name] }

  func checkUnchanged() throws(FormatError) { try file.mapped.checkUnchanged() }

  func next() throws(SteeringError) -> TokenBlock? {
    guard row < rowCount else { return nil }
    let rows = row..<min(row + Self.rowsPerBlock, rowCount)
    do throws(FormatError) {
      let block = try read(rows)
      row = rows.upperBound
      return block
    } catch {
      throw SteeringError(error.at(path: file.path))
    }
  }

  func add(row: Int, to sums: inout [Double]) {
    preconditionFailure("codes have no residual rows")
  }

  private func read(_ rows: Range<Int>) throws(FormatError) -> TokenBlock {
    let all = offsets.slice(rows.lowerBound..<(rows.upperBound + 1)).integers() ?? []
    for place in 0..<rows.count {
      let (start, end) = (all[place], all[place + 1])
      guard start >= 0, start <= end, end <= indices.elementCount, end - start <= featureCount
      else {
        throw FormatError(
          .outOfRange(
            field: "row_offsets[\(rows.lowerBound + place + 1)]", found: "\(end)",
            expected: "\(start) to \(min(start + featureCount, indices.elementCount))"))
      }
    }
    let active = all[0]..<all[rows.count]
    var features: [Int32] = []
    features.reserveCapacity(active.count)
    for index in indices.slice(active).integers() ?? [] {
      features.append(Int32(truncatingIfNeeded: index))
    }
    let values = self.values.slice(active).floats(.best) ?? []
    let starts = all.map { $0 - active.lowerBound }
    for place in 0..<rows.count {
      try check(features[starts[place]..<starts[place + 1]], row: rows.lowerBound + place)
    }
    if let place = values.firstIndex(where: { !$0.isFinite }) {
      throw FormatError(
        .outOfRange(
          field: "values[\(active.lowerBound + place)]", found: "\(values[place])",
          expected: "a finite number"))
    }
    return TokenBlock(
      first: rows.lowerBound, offsets: starts, features: features, values: values,
      isUndefined: rows.map(isUndefined), norms: try norms(rows))
  }

  private func check(_ features: ArraySlice<Int32>, row: Int) throws(FormatError) {
    var last: Int32 = -1
    for feature in features {
      guard feature > last, Int(feature) < featureCount else {
        throw FormatError(
          .outOfRange(
            field: "indices of row \(row)", found: "\(feature) after \(last)",
            expected: "ascending features below \(featureCount)"))
      }
      last = feature
    }
  }

  private func norms(_ rows: Range<Int>) throws(FormatError) -> [Double]? {
    guard let norms else { return nil }
    let values = norms.slice(rows).doubles(.best) ?? []
    if let place = values.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
      throw FormatError(
        .outOfRange(
          field: "norms[\(rows.lowerBound + place)]", found: "\(values[place])",
          expected: "a finite number of 0 or more"))
    }
    return values
  }

  private func isUndefined(_ row: Int) -> Bool {
    var low = 0
    var high = undefined.count
    while low < high {
      let middle = (low + high) / 2
      if undefined[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low < undefined.count && undefined[low] == row
  }

  private static func undefinedRows(
    of file: SafetensorsFile, _ rowCount: Int
  ) throws(FormatError) -> [Int] {
    guard file["undefined_rows"] != nil else { return [] }
    let rows = try vector("undefined_rows", of: file, [.i64], count: nil).integers() ?? []
    var last = -1
    for row in rows {
      guard row > last, row < rowCount else {
        throw FormatError(
          .outOfRange(
            field: "undefined_rows", found: "\(row) after \(last)",
            expected: "ascending rows below \(rowCount)"))
      }
      last = row
    }
    return rows
  }

  /// Throws where the file names another dictionary than the one whose features are read: theirs have the
  /// same numbers, and mean something else.
  private static func checkDictionary(
    of file: SafetensorsFile, _ expected: String?
  ) throws(FormatError) {
    let found = file.metadata.first { $0.key == "dictionary" }?.value
    guard let found, let expected, found != expected else { return }
    throw FormatError(
      .outOfRange(
        field: "metadata dictionary", found: "'\(MessageText.plain(found))'",
        expected: "'\(MessageText.plain(expected))', whose features are read"))
  }

  private static func featureCount(
    of file: SafetensorsFile, _ expected: Int?
  ) throws(FormatError) -> Int {
    let field = "feature_count"
    guard let text = file.metadata.first(where: { $0.key == field })?.value else {
      guard let expected else { throw FormatError(.missingField(field: "metadata \(field)")) }
      return expected
    }
    guard let count = Int(text), count > 0, count <= DetectorLimits.features
    else {
      throw FormatError(
        .outOfRange(
          field: field, found: MessageText.plain(text), expected: "1 to \(DetectorLimits.features)")
      )
    }
    guard expected == nil || expected == count else {
      throw FormatError(
        .outOfRange(field: field, found: "\(count)", expected: "\(expected ?? count)"))
    }
    return count
  }

  private static func vector(
    _ name: String, of file: SafetensorsFile, _ types: [ElementType], count: Int?
  ) throws(FormatError) -> Tensor {
    guard let tensor = file[name] else {
      throw FormatError(.tensorMissing(name: name, available: file.tensors.map(\.name)))
    }
    guard tensor.shape.count == 1, count == nil || tensor.elementCount == count else {
      throw FormatError(
        .wrongShape(
          tensor: name, found: tensor.shape, expected: count.map { "[\($0)]" } ?? "a vector"))
    }
    guard types.contains(tensor.elementType) else {
      throw FormatError(
        .unacceptedElementType(tensor: name, found: tensor.elementType, accepted: types))
    }
    return tensor
  }
}
