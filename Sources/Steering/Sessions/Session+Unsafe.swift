import SAE
import Tensors

/// Applies a plan to the rows of one sequence, in order, in place.
///
/// All activations are read from a row before any edit, then all edits are added at once, so the order
/// of interventions does not matter. A row that no edit changes keeps its bits.
///
/// Not Sendable: one session per sequence, one thread at a time. Scratch is allocated at creation;
/// applying allocates nothing, locks nothing and does no I/O.
public final class Session {
  /// The plan that is applied.
  public let plan: Plan
  /// Position of the next row; starts at 0.
  public private(set) var position = 0
  /// Tokens of the prompt: positions from here on are generated ones.
  public var promptLength: Int

  /// What the next row is called in errors; nil for its position.
  private var rowName: Int?
  private let encoderScratch: SelectiveEncoder.Scratch?
  private let activations: FloatBuffer
  private let coefficients: FloatBuffer
  private let delta: FloatBuffer
  private let result: FloatBuffer
  private let scopeHolds: UnsafeMutablePointer<Bool>

  /// Starts a sequence at position 0.
  ///
  /// `promptLength` decides which positions count as generated; without it all are prompt. It matters
  /// only to scopes with a phase.
  public init(_ plan: Plan, promptLength: Int = .max) {
    self.plan = plan
    self.promptLength = promptLength
    encoderScratch = plan.encoder.map { SelectiveEncoder.Scratch(for: $0) }
    activations = FloatBuffer(count: plan.encoder?.features.count ?? 0)
    coefficients = FloatBuffer(count: plan.features.count)
    delta = FloatBuffer(count: plan.directions.width)
    result = FloatBuffer(count: plan.directions.width)
    scopeHolds = .allocate(capacity: plan.scopes.count)
    scopeHolds.initialize(repeating: false, count: plan.scopes.count)
  }

  deinit { scopeHolds.deallocate() }

  /// Width of the rows that it edits.
  public var width: Int { plan.directions.width }

  /// Moves the position of the next row, for rows that do not come one after the other.
  public func seek(to position: Int) {
    precondition(position >= 0, "position must not be negative")
    self.position = position
    rowName = nil
  }

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
        guard let base = buffer.baseAddress else { return .untouched }
        return try apply(base)
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

  /// Moves the position of the next row, and says which row of a file it is.
  package func seek(to position: Int, row: Int) {
    seek(to: position)
    rowName = row
  }

  /// The coefficient of the decoder row of `plan.features[slot]` in the last edit.
  package func coefficient(ofSlot slot: Int) -> Float { coefficients.base[slot] }

  /// Whether some edit of `plan.features[slot]` covered the last row.
  package func isInScope(slot: Int) -> Bool {
    for edit in plan.edits[plan.editsOfSlot[slot]] where scopeHolds[edit.scope] { return true }
    return false
  }

  /// Edits the row at `row`, `[width]` f32, in place, and moves on by one position.
  package func apply(_ row: UnsafeMutablePointer<Float>) throws(SteeringError) -> RowEdit {
    let edit = try compute(row)
    if edit.outcome == .edited { row.update(from: result.base, count: width) }
    // A file may claim the last position that there is.
    if position < .max { position += 1 }
    return edit
  }

  /// Computes the edited row into `result` without writing it back.
  private func compute(_ x: UnsafePointer<Float>) throws(SteeringError) -> RowEdit {
    for slot in 0..<coefficients.count { coefficients.base[slot] = 0 }
    var isInScope = false
    for index in plan.scopes.indices {
      scopeHolds[index] = plan.scopes[index].contains(
        position: position, promptLength: promptLength)
      isInScope = isInScope || scopeHolds[index]
    }
    guard isInScope else { return .untouched }

    let kernels = plan.dictionary.kernels
    let bad = kernels.firstNonfinite(x, count: width)
    guard bad == width else {
      throw SteeringError(DictionaryError(.nonFiniteInput(row: rowName ?? position, column: bad)))
    }
    let rowNorm = norm(x)
    guard let scale = try rowScale(x) else {
      return RowEdit(outcome: .undefined, deltaNorm: 0, rowNorm: rowNorm)
    }
    for edit in plan.edits where scopeHolds[edit.scope] {
      let coefficient = coefficient(of: edit, x, rowNorm: rowNorm, rowScale: scale)
      coefficients.base[edit.slot] += coefficient
    }
    delta.base.update(repeating: 0, count: width)
    var isEdited = false
    for slot in 0..<coefficients.count where coefficients.base[slot] != 0 {
      plan.directions.axpy(slot, scale: coefficients.base[slot], into: delta.base, kernels)
      isEdited = true
    }
    guard isEdited else { return RowEdit(outcome: .untouched, deltaNorm: 0, rowNorm: rowNorm) }
    for index in 0..<width { result.base[index] = x[index] + delta.base[index] }
    guard kernels.firstNonfinite(result.base, count: width) == width else {
      throw SteeringError(
        .nonFinite,
        "row \(rowName ?? position): the edit overflows f32, expected a smaller alpha")
    }
    return RowEdit(outcome: .edited, deltaNorm: norm(delta.base), rowNorm: rowNorm)
  }

  /// Reads the activations that the plan needs; returns the scale from normalised to row units.
  private func rowScale(_ x: UnsafePointer<Float>) throws(SteeringError) -> Float? {
    let dictionary = plan.dictionary
    if let encoder = plan.encoder, let encoderScratch {
      do throws(DictionaryError) {
        let transform = try encoder.read(
          x, into: activations.base, row: rowName ?? position, encoderScratch)
        guard let transform else { return nil }
        return dictionary.denormalisesOutput ? transform.scale : 1
      } catch {
        throw SteeringError(error)
      }
    }
    guard plan.needsRowScale else { return 1 }
    return dictionary.normalisation.apply(x, width: width, into: delta.base)?.scale
  }

  /// The coefficient that an edit asks for, of the stored decoder row, in the units of the row.
  private func coefficient(
    of edit: Plan.Edit, _ x: UnsafePointer<Float>, rowNorm: Float, rowScale: Float
  ) -> Float {
    let inverseNorm = plan.inverseNorms[edit.slot]
    let activationUnit = rowScale * plan.dictionary.decodeScale(of: plan.features[edit.slot])
    let value = edit.reading >= 0 ? activations.base[edit.reading] : 0
    switch edit.mode {
    case .add:
      guard edit.amount != 0 else { return 0 }
      switch edit.unit {
      case .activation: return edit.amount * activationUnit
      case .length: return edit.amount * inverseNorm
      case .fraction: return edit.amount * rowNorm * inverseNorm
      }
    case .clamp: return (edit.amount - value) * activationUnit
    case .floor: return value < edit.amount ? (edit.amount - value) * activationUnit : 0
    case .ceiling: return value > edit.amount ? (edit.amount - value) * activationUnit : 0
    case .scale: return (edit.amount - 1) * value * activationUnit
    case .ablate: return -value * activationUnit
    case .projectOut:
      let projection = plan.directions.dot(edit.slot, x, plan.dictionary.kernels) * inverseNorm
      return -projection * inverseNorm
    }
  }

  /// ‖values‖ without overflow for any finite row.
  private func norm(_ values: UnsafePointer<Float>) -> Float {
    let squares = plan.dictionary.kernels.dot(values, values, count: width)
    if squares.isFinite, squares > Float.leastNormalMagnitude { return squares.squareRoot() }
    var sum = 0.0
    for index in 0..<width { sum += Double(values[index]) * Double(values[index]) }
    return Float(sum.squareRoot())
  }
}
