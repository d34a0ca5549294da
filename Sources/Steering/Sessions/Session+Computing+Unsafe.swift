import SAE
import Tensors

extension Session {
  /// Decides which edits cover the row at the current position; false when none does.
  func decideScopes() -> Bool {
    let coefficients = scratch.coefficients
    for slot in 0..<coefficients.count { coefficients.base[slot] = 0 }
    return scratch.decide(plan.scopes, position: position, promptLength: promptLength)
  }

  /// Computes the edit of one row, whose scopes are decided, into the scratch, without writing it back.
  ///
  /// Norms that nobody needs are left at 0 unless `measuring`. An encoder looks for NaN and infinity
  /// itself.
  func compute(
    _ x: UnsafePointer<Float>, measuring: Bool
  ) throws(SteeringError) -> RowEdit {
    let coefficients = scratch.coefficients
    let kernels = plan.dictionary.kernels
    if plan.encoder == nil {
      let bad = kernels.firstNonfinite(x, count: width)
      guard bad == width else {
        throw SteeringError(DictionaryError(.nonFiniteInput(row: rowName ?? position, column: bad)))
      }
    }
    let rowNorm = measuring || plan.needsRowNorm ? norm(x) : 0
    guard let scale = try rowScale(x) else {
      return RowEdit(outcome: .undefined, isInScope: true, deltaNorm: 0, rowNorm: rowNorm)
    }
    for edit in plan.edits where scratch.holds(scope: edit.scope) {
      coefficients.base[edit.slot] += coefficient(of: edit, x, rowNorm: rowNorm, rowScale: scale)
    }
    let delta = scratch.delta.base
    delta.update(repeating: 0, count: width)
    var isEdited = false
    for slot in 0..<coefficients.count where coefficients.base[slot] != 0 {
      plan.directions.axpy(slot, scale: coefficients.base[slot], into: delta, kernels)
      isEdited = true
    }
    guard isEdited else {
      return RowEdit(outcome: .untouched, isInScope: true, deltaNorm: 0, rowNorm: rowNorm)
    }
    let result = scratch.result.base
    for index in 0..<width { result[index] = x[index] + delta[index] }
    guard kernels.firstNonfinite(result, count: width) == width else {
      throw SteeringError(
        .nonFinite,
        "row \(rowName ?? position): the edit overflows f32, expected a smaller alpha")
    }
    return RowEdit(
      outcome: .edited, isInScope: true, deltaNorm: measuring ? norm(delta) : 0, rowNorm: rowNorm)
  }

  /// Reads the activations that the plan needs; returns the scale from normalised to row units.
  private func rowScale(_ x: UnsafePointer<Float>) throws(SteeringError) -> Float? {
    let dictionary = plan.dictionary
    if let encoder = plan.encoder, let encoderScratch = scratch.encoder {
      do throws(DictionaryError) {
        let transform = try encoder.read(
          x, into: scratch.activations.base, row: rowName ?? position, encoderScratch)
        guard let transform else { return nil }
        return dictionary.denormalisesOutput ? transform.scale : 1
      } catch {
        throw SteeringError(error)
      }
    }
    guard plan.needsRowScale else { return 1 }
    return dictionary.normalisation.apply(x, width: width, into: scratch.delta.base)?.scale
  }

  /// The coefficient that an edit asks for, of the stored decoder row, in the units of the row.
  private func coefficient(
    of edit: Plan.Edit, _ x: UnsafePointer<Float>, rowNorm: Float, rowScale: Float
  ) -> Float {
    let inverseNorm = plan.inverseNorms[edit.slot]
    let activationUnit = rowScale * plan.dictionary.editScale(of: plan.features[edit.slot])
    let value = edit.reading >= 0 ? scratch.activations.base[edit.reading] : 0
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
