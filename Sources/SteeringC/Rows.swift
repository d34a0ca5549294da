import CSteering
import Steering
import Tensors

/// Rows of a call, checked.
struct Rows {
  /// The rows; nil when there are none.
  let batch: RowBatch?
  let region: Region?

  init(
    _ pointer: UnsafeRawPointer?, _ type: steer_type_t, count: Int, stride: Int, width: Int
  ) throws(Refusal) {
    let elementType = try Self.elementType(type)
    try Self.check(count: count)
    guard count > 0 else {
      batch = nil
      region = nil
      return
    }
    guard pointer != nil else { throw .null("rows") }
    guard stride >= width else {
      throw Refusal(
        .shapeMismatch, "row_stride is \(Self.shown(stride)), expected at least the width \(width)")
    }
    let size = elementType.byteCount
    let (distance, overflows) = (count - 1).multipliedReportingOverflow(by: stride)
    let (extent, wraps) = distance.addingReportingOverflow(width)
    guard !overflows, !wraps else {
      throw Refusal(
        .shapeMismatch,
        "\(count) rows of stride \(stride) do not fit into memory, expected smaller ones")
    }
    region = try Region(pointer, count: extent, size: size, alignment: size, "rows")
    guard let pointer else { throw .null("rows") }
    batch = RowBatch(
      base: UnsafeMutableRawPointer(mutating: pointer), elementType: elementType, count: count,
      stride: stride)
  }

  /// Refuses a count that no memory can have.
  static func check(count: Int) throws(Refusal) {
    guard count >= 0 else {
      throw Refusal(.shapeMismatch, "n_rows does not fit into memory, expected a smaller count")
    }
  }

  static func elementType(_ type: steer_type_t) throws(Refusal) -> ElementType {
    switch Int(type) {
    case STEER_F32: return .f32
    case STEER_BF16: return .bf16
    case STEER_F16: return .f16
    default:
      throw Refusal(
        .invalidArgument,
        "type is \(type), expected STEER_F32 (0), STEER_BF16 (1) or STEER_F16 (2)")
    }
  }

  // A size_t beyond Int arrives negative.
  private static func shown(_ size: Int) -> String { "\(UInt(bitPattern: size))" }
}

/// Where outcomes go, one per row.
struct Outcomes {
  private let base: UnsafeMutablePointer<steer_outcome_t>?
  let region: Region?

  init(
    _ pointer: UnsafeMutablePointer<steer_outcome_t>?, count: Int
  ) throws(Refusal) {
    base = pointer
    region =
      pointer == nil
      ? nil : try Region(pointer, count: count, size: 4, alignment: 4, "outcomes")
  }

  @inline(__always)
  func set(_ row: Int, _ outcome: RowEdit.Outcome) {
    guard let base else { return }
    switch outcome {
    case .untouched: base[row] = steer_outcome_t(STEER_ROW_UNTOUCHED)
    case .edited: base[row] = steer_outcome_t(STEER_ROW_EDITED)
    case .undefined: base[row] = steer_outcome_t(STEER_ROW_UNDEFINED)
    }
  }
}
