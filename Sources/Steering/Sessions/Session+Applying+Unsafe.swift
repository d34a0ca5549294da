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
    try show(row, type)
    write(edit, to: row, type)
    advance(edit)
    monitor?.commit()
    return edit
  }

  /// Shows the row at the current position to the monitor, which takes it when it is told to commit.
  func show(_ row: UnsafeRawPointer, _ type: ElementType) throws(SteeringError) {
    guard let monitor else { return }
    try monitor.stage(row, type, isSpecial: position == 0, row: rowName ?? position)
  }

  /// Computes the edit of a row in its own type, and finds every reason to refuse it.
  ///
  /// Where Δ is too small to push any finite row out of its type, ``write(_:to:_:)`` adds it in place and
  /// cannot fail. Only otherwise is the edited row made, checked and kept here.
  func prepare(
    _ row: UnsafeRawPointer, _ type: ElementType, measuring: Bool
  ) throws(SteeringError) -> RowEdit {
    guard decideScopes() else { return .outOfScope }
    if plan.fixed == nil { scratch.prefetch(row) }
    let x: UnsafePointer<Float>
    if type == .f32 {
      x = row.assumingMemoryBound(to: Float.self)
    } else {
      type.widen(row, count: scratch.width, into: scratch.input.base, scratch.kernels)
      x = UnsafePointer(scratch.input.base)
    }
    let edit = try compute(x, measuring: measuring)
    if edit.outcome == .edited, !(change.bound < type.harmlessChange) { try stage(x, type) }
    return edit
  }

  /// Makes the edited row in the scratch and refuses it when it is not finite in its own type.
  private func stage(_ x: UnsafePointer<Float>, _ type: ElementType) throws(SteeringError) {
    guard addChange(to: x, into: scratch.result.base) else {
      throw SteeringError(
        .nonFinite,
        "row \(rowName ?? position): the edit overflows f32, expected a smaller alpha")
    }
    change.isStaged = true
    guard type != .f32 else { return }
    let kernels = scratch.kernels
    let narrowed = scratch.narrowed
    type.narrow(scratch.result.base, count: scratch.width, into: narrowed, kernels)
    let first =
      type == .bf16
      ? kernels.firstNonfinite(bfloat16: narrowed, count: scratch.width)
      : kernels.firstNonfinite(float16: narrowed, count: scratch.width)
    guard first == scratch.width else {
      throw SteeringError(
        .nonFinite,
        "row \(rowName ?? position): the edited row does not fit into \(type.rawValue),"
          + " expected a smaller alpha or f32 rows")
    }
  }

  /// Writes the edit that was prepared last, to the row that it was prepared for.
  func write(_ edit: RowEdit, to row: UnsafeMutableRawPointer, _ type: ElementType) {
    guard edit.outcome == .edited else { return }
    switch (type == .f32, change.isStaged) {
    case (true, true): row.copyMemory(from: scratch.result.base, byteCount: scratch.width * 4)
    case (false, true): row.copyMemory(from: scratch.narrowed, byteCount: scratch.width * 2)
    case (true, false):
      let x = row.assumingMemoryBound(to: Float.self)
      _ = addChange(to: x, into: x)
    case (false, false):
      let x = scratch.input.base
      _ = addChange(to: x, into: x)
      type.narrow(x, count: scratch.width, into: row, scratch.kernels)
    }
  }
}

extension ElementType {
  /// A change of less than this leaves every finite number finite, whatever is rounded on the way.
  ///
  /// A sum rounds to infinity from half a step above the largest number on: 2^103 in f32, 2^119 in bf16
  /// and 16 in f16. The rest is room for the roundings in Δ itself, which its bound leaves out.
  fileprivate var harmlessChange: Float {
    switch self {
    case .f16: 8
    default: 0x1p100
    }
  }

  /// Rounds `count` numbers to this type of two bytes.
  fileprivate func narrow(
    _ values: UnsafePointer<Float>, count: Int, into out: UnsafeMutableRawPointer,
    _ kernels: Kernels
  ) {
    let out = out.assumingMemoryBound(to: UInt16.self)
    if self == .bf16 {
      kernels.narrow(values, bfloat16: out, count: count)
    } else {
      kernels.narrow(values, float16: out, count: count)
    }
  }
}
