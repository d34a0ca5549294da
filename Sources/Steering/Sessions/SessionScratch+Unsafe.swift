import SAE
import Tensors

extension Session {
  /// The memory that computing one edit takes, allocated once.
  final class Scratch {
    let encoder: SelectiveEncoder.Scratch?
    /// Activation per feature that is read.
    let activations: FloatBuffer
    /// Coefficient per steered feature.
    let coefficients: FloatBuffer
    /// The row widened to f32.
    let input: FloatBuffer
    let delta: FloatBuffer
    /// The edited row in f32.
    let result: FloatBuffer
    /// The edited row in the two bytes of its type.
    let narrowed: UnsafeMutablePointer<UInt16>
    private let scopeHolds: UnsafeMutablePointer<Bool>

    init(_ plan: Plan) {
      encoder = plan.encoder.map { SelectiveEncoder.Scratch(for: $0) }
      activations = FloatBuffer(count: plan.encoder?.features.count ?? 0)
      coefficients = FloatBuffer(count: plan.features.count)
      input = FloatBuffer(count: plan.width)
      delta = FloatBuffer(count: plan.width)
      result = FloatBuffer(count: plan.width)
      narrowed = .allocate(capacity: max(plan.width, 1))
      narrowed.initialize(repeating: 0, count: max(plan.width, 1))
      let count = max(plan.scopes.count, 1)
      scopeHolds = .allocate(capacity: count)
      scopeHolds.initialize(repeating: false, count: count)
    }

    deinit {
      narrowed.deallocate()
      scopeHolds.deallocate()
    }

    /// Decides every scope for one position; returns whether any holds.
    func decide(_ scopes: [Scope], position: Int, promptLength: Int) -> Bool {
      var isInScope = false
      for index in scopes.indices {
        scopeHolds[index] = scopes[index].contains(position: position, promptLength: promptLength)
        isInScope = isInScope || scopeHolds[index]
      }
      return isInScope
    }

    func holds(scope: Int) -> Bool { scopeHolds[scope] }
  }
}
