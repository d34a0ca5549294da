import SAE
import Tensors

extension Session {
  /// The memory that computing one edit takes, and what it reads of the plan, side by side.
  ///
  /// All of it is made once. A step that finds it outside the caches waits for a few neighbouring lines,
  /// not for one object after the other.
  final class Scratch {
    let kernels: Kernels
    let width: Int
    let slotCount: Int
    let editCount: Int
    /// The stored type of the decoder rows.
    let element: RowMatrix.Element
    /// How much of each decoder row is asked for early.
    private let prefetchedBytes: Int
    /// The first of the encoder rows that are asked for early, how far they are apart, how many, and how
    /// much of each: rows of a transcoder's encoder have their own width, and type.
    private let readRows: UnsafeRawPointer
    private let readStride: Int
    private let readCount: Int
    private let readBytes: Int
    /// Whether the scale of a row's normalisation applies to its edit.
    let isScaledBack: Bool
    /// Reads activations; nil when none is needed. The plan keeps it.
    let encoder: Unmanaged<SelectiveEncoder>?
    let encoderScratch: Unmanaged<SelectiveEncoder.Scratch>?

    /// Where the decoder row of each steered feature starts.
    let directions: UnsafeMutablePointer<UnsafeRawPointer>
    /// Rows of the edit, ``Change/count`` of them.
    let terms: UnsafeMutablePointer<UnsafeRawPointer>
    /// The plan's edits.
    let edits: UnsafeMutablePointer<Plan.Edit>
    /// What each term is multiplied by.
    let scales: UnsafeMutablePointer<Float>
    /// Coefficient per steered feature.
    let coefficients: UnsafeMutablePointer<Float>
    /// max |Dᵢ| per steered feature.
    let maxima: UnsafeMutablePointer<Float>
    /// Activation per feature that is read.
    let activations: UnsafeMutablePointer<Float>
    private let scopeHolds: UnsafeMutablePointer<Bool>
    private let block: UnsafeMutableRawPointer

    /// The row widened to f32.
    let input: FloatBuffer
    let delta: FloatBuffer
    /// The edited row in f32.
    let result: FloatBuffer
    /// The edited row in the two bytes of its type.
    let narrowed: UnsafeMutablePointer<UInt16>

    init(_ plan: Plan) {
      let slots = plan.features.count
      let readings = plan.encoder?.features.count ?? 0
      kernels = plan.dictionary.kernels
      width = plan.width
      slotCount = slots
      editCount = plan.edits.count
      element = plan.directions.element
      prefetchedBytes = min(plan.directions.byteCount / max(slots, 1), Self.prefetchedBytes)
      isScaledBack = plan.dictionary.denormalisesOutput
      encoder = plan.encoder.map { Unmanaged.passUnretained($0) }
      encoderScratch = plan.encoder.map {
        Unmanaged.passRetained(SelectiveEncoder.Scratch(for: $0))
      }

      let editBytes = MemoryLayout<Plan.Edit>.stride * editCount
      let byteCount = slots * 28 + editBytes + readings * 4 + plan.scopes.count
      block = .allocate(byteCount: max(byteCount, 1), alignment: 64)
      directions = block.assumingMemoryBound(to: UnsafeRawPointer.self)
      terms = directions + slots
      edits = UnsafeMutableRawPointer(terms + slots).assumingMemoryBound(to: Plan.Edit.self)
      scales = UnsafeMutableRawPointer(edits + editCount).assumingMemoryBound(to: Float.self)
      coefficients = scales + slots
      maxima = coefficients + slots
      activations = maxima + slots
      scopeHolds =
        UnsafeMutableRawPointer(activations + readings).assumingMemoryBound(to: Bool.self)
      if case .dense(let rows)? = plan.encoder?.rows, rows.rowCount > 0 {
        readRows = rows.address(ofRow: 0)
        readStride = rows.byteCount / rows.rowCount
        readCount = min(rows.rowCount, Self.prefetchedRows)
      } else {
        readRows = UnsafeRawPointer(block)
        readStride = 0
        readCount = 0
      }
      readBytes = min(readStride, Self.prefetchedBytes)
      for slot in 0..<slots {
        let row = plan.directions.address(ofRow: slot)
        (directions + slot).initialize(to: row)
        (terms + slot).initialize(to: row)
      }
      for (place, edit) in plan.edits.enumerated() { (edits + place).initialize(to: edit) }
      scales.initialize(repeating: 0, count: 3 * slots + readings)
      for (slot, value) in plan.directionMaxima.enumerated() { maxima[slot] = value }
      scopeHolds.initialize(repeating: false, count: plan.scopes.count)

      input = FloatBuffer(count: plan.width)
      delta = FloatBuffer(count: plan.width)
      result = FloatBuffer(count: plan.width)
      narrowed = .allocate(capacity: max(plan.width, 1))
      narrowed.initialize(repeating: 0, count: max(plan.width, 1))
    }

    deinit {
      encoderScratch?.release()
      narrowed.deallocate()
      block.deallocate()
    }

    /// Decides every scope for one position; returns the set of the first 64 that hold, and whether any
    /// holds.
    func decide(
      _ scopes: [Scope], position: Int, promptLength: Int
    ) -> (held: UInt64, isInScope: Bool) {
      var held: UInt64 = 0
      var isInScope = false
      for index in scopes.indices {
        let holds = scopes[index].contains(position: position, promptLength: promptLength)
        scopeHolds[index] = holds
        guard holds else { continue }
        isInScope = true
        if index < 64 { held |= 1 << UInt64(index) }
      }
      return (held, isInScope)
    }

    func holds(scope: Int) -> Bool { scopeHolds[scope] }

    /// Asks for the start of a row and of all that will be read for it: the processor follows from there,
    /// while it looks up the plan.
    func prefetch(_ row: UnsafeRawPointer) {
      Kernels.prefetch(row, byteCount: min(width * 2, Self.prefetchedBytes))
      for place in 0..<readCount {
        Kernels.prefetch(readRows + place * readStride, byteCount: readBytes)
      }
      for slot in 0..<min(slotCount, Self.prefetchedRows) {
        Kernels.prefetch(directions[slot], byteCount: prefetchedBytes)
      }
    }

    private static let prefetchedBytes = 512
    private static let prefetchedRows = 8
  }

  /// The edit of a row, not yet added to it: Δ = start + Σ scale · term.
  struct Change {
    /// Terms in the scratch.
    var count = 0
    /// `[width]`, nil for zeros.
    var start: UnsafePointer<Float>?
    /// At least max |Δ|; not finite where that is not known to be.
    var bound: Float = 0
    /// The place in ``Plan/fixed`` that it is; nil when it was computed for its row.
    var fixedPlace: Int?
    /// Whether the edited row stands in the scratch.
    var isStaged = false
  }
}
