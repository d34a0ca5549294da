import SAE
import Tensors

/// One array of a weights file to be written: its numbers, what is done to them, and their type.
struct ExportedTensor {
  /// Where the numbers come from.
  enum Content {
    case matrix(ExportedMatrix)
    case vector([Float])
    /// The columns of an expander's values.
    case columns(ExpanderMatrix)
  }

  /// What numbers are multiplied by on their way.
  enum Scaling: Equatable {
    case none
    case times(Float)
    case over(Float)

    /// In f32.
    func apply(_ value: Float) -> Float {
      switch self {
      case .none: value
      case .times(let factor): value * factor
      case .over(let factor): value / factor
      }
    }

    /// Exactly, as far as f64 can tell.
    func exact(_ value: Float) -> Double {
      switch self {
      case .none: Double(value)
      case .times(let factor): Double(value) * Double(factor)
      case .over(let factor): Double(value) / Double(factor)
      }
    }
  }

  let name: String
  let content: Content
  let type: ElementType
  var scaling = Scaling.none

  init(_ name: String, _ matrix: ExportedMatrix, as type: ElementType?) {
    self.name = name
    content = .matrix(matrix)
    self.type = type ?? matrix.elementType
  }

  init(_ name: String, _ values: [Float]) {
    self.name = name
    content = .vector(values)
    type = .f32
  }

  /// Columns as small as the width allows.
  init(_ name: String, columnsOf matrix: ExpanderMatrix) {
    self.name = name
    content = .columns(matrix)
    type = matrix.width <= 1 << 16 ? .u16 : .u32
  }

  var shape: [Int] {
    switch content {
    case .matrix(let matrix): matrix.shape
    case .vector(let values): [values.count]
    case .columns(let matrix): [matrix.rowCount, matrix.degree]
    }
  }
}
