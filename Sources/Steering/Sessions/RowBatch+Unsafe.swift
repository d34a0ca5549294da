import SAE
import Tensors

/// Rows of one step of a host, in its own memory, each with the session of its sequence.
///
/// All or nothing: every edit is computed before any row is written, so a row that must be refused
/// leaves the others, and all sessions, as they were. A session has scratch for one edit, that of its
/// last row; one that stands at several rows computes the others again to write them.
package struct RowBatch {
  /// Address of the first row.
  package let base: UnsafeMutableRawPointer
  /// f32, bf16 or f16.
  package let elementType: ElementType
  /// Number of rows.
  package let count: Int
  /// Elements from one row to the next.
  package let stride: Int

  /// Why a batch was refused, and because of which of its rows.
  package struct Failure: Error {
    package var row: Int
    package var error: SteeringError
  }

  /// The caller has checked that `stride` is a row or more and that the extent can be addressed.
  package init(
    base: UnsafeMutableRawPointer, elementType: ElementType, count: Int, stride: Int
  ) {
    self.base = base
    self.elementType = elementType
    self.count = count
    self.stride = stride
  }

  /// The values of row `index` in f32: in place, or widened into `buffer`, `[width]`.
  func values(
    _ index: Int, _ buffer: UnsafeMutablePointer<Float>, width: Int, _ kernels: Kernels
  ) -> UnsafePointer<Float> {
    guard elementType != .f32 else {
      return UnsafePointer(row(index).assumingMemoryBound(to: Float.self))
    }
    elementType.widen(row(index), count: width, into: buffer, kernels)
    return UnsafePointer(buffer)
  }

  /// Where row `index` starts.
  func row(_ index: Int) -> UnsafeMutableRawPointer {
    base + index * stride * elementType.byteCount
  }

  /// Applies to each row the plan of its session, nil for none.
  ///
  /// Allocates only for a monitor that has more rows than in every call before.
  ///
  /// - Parameter position: Of a row; nil for the session's own count.
  /// - Parameter report: Told the outcome of every row, once all of them are known to succeed.
  package func apply(
    session: (Int) -> Unmanaged<Session>?, position: (Int) -> Int?,
    report: (Int, RowEdit.Outcome) -> Void
  ) throws(Failure) {
    if count == 1 {
      report(0, try applyOnly(session(0), position: position(0)))
      return
    }
    for index in 0..<count {
      session(index)?._withUnsafeGuaranteedRef { session in
        session.batchStart = session.position
        session.pendingRow = nil
      }
    }
    do throws(Failure) {
      try check(session, position)
    } catch {
      rewind(session)
      for index in 0..<count { session(index)?._withUnsafeGuaranteedRef { $0.monitor?.discard() } }
      throw error
    }
    rewind(session)
    for index in 0..<count { writePending(index, session(index)) }
    for index in 0..<count {
      guard let session = session(index) else {
        report(index, .untouched)
        continue
      }
      report(index, try finish(index, session, position).outcome)
    }
    for index in 0..<count { session(index)?._withUnsafeGuaranteedRef { $0.monitor?.commit() } }
  }

  /// Applies to the one row of the batch: it is refused before it is written, and so needs no second look.
  private func applyOnly(
    _ session: Unmanaged<Session>?, position: Int?
  ) throws(Failure) -> RowEdit.Outcome {
    guard let session else { return .untouched }
    return try attempt(0, session) { session throws(SteeringError) in
      let start = session.position
      if let position { session.position = position }
      session.rowName = 0
      defer { session.rowName = nil }
      do throws(SteeringError) {
        return try session.apply(base, elementType, measuring: false).outcome
      } catch {
        session.position = start
        throw error
      }
    }
  }

  /// Computes every row, and leaves the last edit of each session in its scratch.
  private func check(
    _ session: (Int) -> Unmanaged<Session>?, _ position: (Int) -> Int?
  ) throws(Failure) {
    for index in 0..<count {
      guard let session = session(index) else { continue }
      try attempt(index, session) { session throws(SteeringError) in
        if let position = position(index) { session.position = position }
        session.rowName = index
        session.pendingEdit = try session.prepare(row(index), elementType, measuring: false)
        try session.show(row(index), elementType)
        session.pendingRow = index
        if session.position < .max { session.position += 1 }
      }
    }
  }

  private func rewind(_ session: (Int) -> Unmanaged<Session>?) {
    for index in 0..<count {
      session(index)?._withUnsafeGuaranteedRef { session in
        session.position = session.batchStart
        session.rowName = nil
      }
    }
  }

  /// Writes the row whose edit its session still has, before computing others takes its place.
  private func writePending(_ index: Int, _ session: Unmanaged<Session>?) {
    session?._withUnsafeGuaranteedRef { session in
      guard session.pendingRow == index else { return }
      session.write(session.pendingEdit, to: row(index), elementType)
    }
  }

  /// Computes and writes a row that is not yet written, and moves its session on.
  ///
  /// A session at several rows had the edit of its last row in its scratch, and now has that of the last
  /// row computed here: ``Session/coefficient(ofSlot:)`` and ``Session/isInScope(slot:)`` speak of it.
  private func finish(
    _ index: Int, _ session: Unmanaged<Session>, _ position: (Int) -> Int?
  ) throws(Failure) -> RowEdit {
    try attempt(index, session) { session throws(SteeringError) in
      if let position = position(index) { session.position = position }
      var edit = session.pendingEdit
      if session.pendingRow != index {
        edit = try session.prepare(row(index), elementType, measuring: false)
        session.write(edit, to: row(index), elementType)
      }
      session.advance(edit)
      return edit
    }
  }

  private func attempt<R>(
    _ index: Int, _ session: Unmanaged<Session>,
    _ body: (Session) throws(SteeringError) -> R
  ) throws(Failure) -> R {
    let result = session._withUnsafeGuaranteedRef { session in
      Result { () throws(SteeringError) in try body(session) }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error): throw Failure(row: index, error: error)
    }
  }
}
