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
    let type = activations.elementType
    type.widen(bytes, count: before.count, into: before.base, kernels)
    do throws(SteeringError) {
      let edit = try session.apply(bytes, type, measuring: true)
      // Read back what was stored, so that reports see rows as they are in the file.
      type.widen(bytes, count: after.count, into: after.base, kernels)
      observer.observe(
        row: row, edit, session, before: before.base, after: after.base)
    } catch {
      throw error.inFile(activations.path)
    }
  }
}
