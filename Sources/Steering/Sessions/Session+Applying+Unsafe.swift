import SAE
import Tensors

extension Session {
  /// Edits one row, `[width]` f32, in place, and moves on by one position.
  ///
  /// - Throws: `shapeMismatch`; `nonFinite` when the row is not finite or an edit would overflow it. The
  ///   row and the position are then unchanged.
  @discardableResult
  public func apply(to row: inout MutableSpan<Float>) throws(SteeringError) -> RowEdit {
    guard row.count == width else {
      throw SteeringError(DictionaryError(.width(found: row.count, expected: width)))
    }
    let outcome = unsafe row.withUnsafeMutableBufferPointer { buffer in
      Result { () throws(SteeringError) -> RowEdit in
        guard let base = buffer.baseAddress else { return .outOfScope }
        return try apply(base, .f32, measuring: true)
      }
    }
    return try outcome.get()
  }

  /// Edits a row held in an array; otherwise as the span form.
  @discardableResult
  public func apply(to row: inout [Float]) throws(SteeringError) -> RowEdit {
    var span = row.mutableSpan
    return try apply(to: &span)
  }

  /// Edits the row at `row`, `[width]` of f32, bf16 or f16, in place, and moves on by one position.
  package func apply(
    _ row: UnsafeMutableRawPointer, _ type: ElementType, measuring: Bool
  ) throws(SteeringError) -> RowEdit {
    let edit = try prepare(row, type, measuring: measuring)
    write(edit, to: row, type)
    advance(edit)
    return edit
  }

  /// Computes the edit of a row in its own type, and finds every reason to refuse it.
  func prepare(
    _ row: UnsafeRawPointer, _ type: ElementType, measuring: Bool
  ) throws(SteeringError) -> RowEdit {
    guard decideScopes() else { return .outOfScope }
    guard type != .f32 else {
      return try compute(row.assumingMemoryBound(to: Float.self), measuring: measuring)
    }
    let kernels = plan.dictionary.kernels
    type.widen(row, count: width, into: scratch.input.base, kernels)
    let edit = try compute(scratch.input.base, measuring: measuring)
    guard edit.outcome == .edited else { return edit }
    let fits: Bool
    if type == .bf16 {
      kernels.narrow(scratch.result.base, bfloat16: scratch.narrowed, count: width)
      fits = kernels.firstNonfinite(bfloat16: scratch.narrowed, count: width) == width
    } else {
      kernels.narrow(scratch.result.base, float16: scratch.narrowed, count: width)
      fits = kernels.firstNonfinite(float16: scratch.narrowed, count: width) == width
    }
    guard fits else {
      throw SteeringError(
        .nonFinite,
        "row \(rowName ?? position): the edited row does not fit into \(type.rawValue),"
          + " expected a smaller alpha or f32 rows")
    }
    return edit
  }

  /// Writes the edit that was prepared last.
  func write(_ edit: RowEdit, to row: UnsafeMutableRawPointer, _ type: ElementType) {
    guard edit.outcome == .edited else { return }
    if type == .f32 {
      row.copyMemory(from: scratch.result.base, byteCount: width * 4)
    } else {
      row.copyMemory(from: scratch.narrowed, byteCount: width * 2)
    }
  }
}
