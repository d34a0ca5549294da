import SAE
import Tensors

/// Edits single rows of any accepted element type in place, and lets an observer see before and after.
struct RowEditor {
  private let session: Session
  private let observer: FeatureObserver
  private let activations: Activations
  private let kernels: Kernels
  private let before: FloatBuffer
  private let after: FloatBuffer

  init(_ session: Session, _ observer: FeatureObserver, _ activations: Activations) {
    self.session = session
    self.observer = observer
    self.activations = activations
    kernels = session.plan.dictionary.kernels
    before = FloatBuffer(count: activations.width)
    after = FloatBuffer(count: activations.width)
  }

  /// Edits row `row`, whose bytes are at `bytes`; a row that no edit changes keeps its bytes.
  func edit(_ bytes: UnsafeMutableRawPointer?, row: Int) throws(SteeringError) {
    guard let bytes else { return }
    session.seek(to: activations.position(ofRow: row), row: row)
    activations.elementType.widen(bytes, count: before.count, into: before.base, kernels)
    after.base.update(from: before.base, count: before.count)
    do throws(SteeringError) {
      let edit = try session.apply(after.base)
      if edit.outcome == .edited { try write(bytes, row: row) }
      observer.observe(
        row: row, edit, session, before: before.base, after: after.base)
    } catch {
      throw error.inFile(activations.path)
    }
  }

  /// Rounds the edited row to its stored type and reads it back, so that reports see what was stored.
  private func write(_ bytes: UnsafeMutableRawPointer, row: Int) throws(SteeringError) {
    let width = before.count
    switch activations.elementType {
    case .f32:
      bytes.copyMemory(from: after.base, byteCount: width * MemoryLayout<Float>.stride)
      return
    case .bf16:
      let out = bytes.assumingMemoryBound(to: UInt16.self)
      kernels.narrow(after.base, bfloat16: out, count: width)
      kernels.widen(bfloat16: out, into: after.base, count: width)
    case .f16:
      let out = bytes.assumingMemoryBound(to: UInt16.self)
      kernels.narrow(after.base, float16: out, count: width)
      kernels.widen(float16: out, into: after.base, count: width)
    default: fatalError("activations are f32, bf16 or f16")
    }
    guard kernels.firstNonfinite(after.base, count: width) == width else {
      throw SteeringError(
        .nonFinite,
        "row \(row): the edited row does not fit into \(activations.elementType.rawValue),"
          + " expected a smaller alpha or f32 rows")
    }
  }
}
