import SAE
import Tensors

/// Weights in memory, one row per feature, of which a dictionary is built.
public enum FeatureWeights: Sendable, Equatable {
  /// All numbers, `[featureCount, width]` row-major.
  case dense([Float])

  /// As many numbers per feature as there are, divided by featureCount, and the columns that they stand in.
  ///
  /// Both `[featureCount, degree]` row-major; columns ascend within a row, each at most once, and are
  /// below the width. Source: Expander SAE (arXiv:2607.01799).
  case sparse(values: [Float], columns: [UInt32])

  /// The rows, `[rowCount, width]`, copied; `name` is for messages.
  func rows(
    _ name: String, rowCount: Int, width: Int
  ) throws(DictionaryError) -> FeatureRows {
    guard rowCount > 0 else {
      throw DictionaryError(.field(name: "feature count", found: "0", expected: "at least 1"))
    }
    switch self {
    case .dense(let values):
      guard Tensor.elementCount(of: [rowCount, width]) == values.count else {
        throw DictionaryError(
          .shape(tensor: name, found: [values.count], expected: [rowCount, width]))
      }
      return .dense(RowMatrix(rowCount: rowCount, width: width, values: values))
    case .sparse(let values, let columns):
      let degree = values.count / rowCount
      guard values.count == degree * rowCount else {
        throw DictionaryError(
          .shape(tensor: "\(name) values", found: [values.count], expected: [rowCount, degree]))
      }
      guard columns.count == values.count else {
        throw DictionaryError(
          .shape(tensor: "\(name) columns", found: [columns.count], expected: [rowCount, degree]))
      }
      return .expander(
        try ExpanderMatrix(
          rowCount: rowCount, width: width, degree: degree,
          values: RowMatrix(rowCount: rowCount, width: degree, values: values),
          indices: Tensor(.u32, shape: [rowCount, degree], storage: Storage(copying: columns))))
    }
  }
}
