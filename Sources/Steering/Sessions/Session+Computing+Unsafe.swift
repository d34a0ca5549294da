import SAE
import Tensors

extension Session {
  /// Decides which edits cover the row at the current position; false when none does.
  func decideScopes() -> Bool {
    let (held, isInScope) = scratch.decide(
      plan.scopes, position: position, promptLength: promptLength)
    heldScopes = held
    change = Change()
    guard isInScope else {
      scratch.coefficients.update(repeating: 0, count: scratch.slotCount)
      return false
    }
    return true
  }

  /// Computes the edit of one row, whose scopes are decided, without adding it to the row.
  ///
  /// Norms that nobody needs are left at 0 unless `measuring`. An encoder looks for NaN and infinity
  /// itself.
  func compute(
    _ x: UnsafePointer<Float>, measuring: Bool
  ) throws(SteeringError) -> RowEdit {
    if scratch.encoder == nil {
      let bad = scratch.kernels.firstNonfinite(x, count: scratch.width)
      guard bad == scratch.width else {
        throw SteeringError(DictionaryError(.nonFiniteInput(row: rowName ?? position, column: bad)))
      }
    }
    let rowNorm = measuring || plan.needsRowNorm ? norm(x) : 0
    let isEdited: Bool
    if let fixed = plan.fixed, let place = fixed.place(ofScopes: heldScopes) {
      change.start = fixed.sum(place)
      change.bound = fixed.bounds[place]
      change.fixedPlace = place
      isEdited = fixed.isEdit[place]
    } else {
      guard let scale = try rowScale(x) else {
        scratch.coefficients.update(repeating: 0, count: scratch.slotCount)
        return RowEdit(outcome: .undefined, isInScope: true, deltaNorm: 0, rowNorm: rowNorm)
      }
      isEdited = collectTerms(x, rowNorm: rowNorm, rowScale: scale)
    }
    guard isEdited else {
      return RowEdit(outcome: .untouched, isInScope: true, deltaNorm: 0, rowNorm: rowNorm)
    }
    var deltaNorm: Float = 0
    if measuring {
      _ = addChange(to: nil, into: scratch.delta.base)
      deltaNorm = norm(scratch.delta.base)
    }
    return RowEdit(outcome: .edited, isInScope: true, deltaNorm: deltaNorm, rowNorm: rowNorm)
  }

  /// Writes `base` + Δ, or Δ alone, to `out`, which may be `base`; returns whether all of it is finite.
  func addChange(
    to base: UnsafePointer<Float>?, into out: UnsafeMutablePointer<Float>
  ) -> Bool {
    scratch.element.combine(
      scratch.terms, scratch.scales, rowCount: change.count, start: change.start, base: base,
      into: out, width: scratch.width, scratch.kernels)
  }

  /// Evaluates every edit and lists the rows of those that are not zero; returns whether there are any.
  private func collectTerms(
    _ x: UnsafePointer<Float>, rowNorm: Float, rowScale: Float
  ) -> Bool {
    let coefficients = scratch.coefficients
    coefficients.update(repeating: 0, count: scratch.slotCount)
    for place in 0..<scratch.editCount {
      let edit = scratch.edits[place]
      guard scratch.holds(scope: edit.scope) else { continue }
      var value: Float = 0
      if edit.reading >= 0 {
        value = scratch.activations[edit.reading]
      } else if edit.mode == .projectOut {
        value = plan.directions.dot(edit.slot, x, scratch.kernels)
      }
      coefficients[edit.slot] += edit.coefficient(of: value, rowNorm: rowNorm, rowScale: rowScale)
    }
    var count = 0
    var bound: Float = 0
    for slot in 0..<scratch.slotCount where coefficients[slot] != 0 {
      scratch.terms[count] = scratch.directions[slot]
      scratch.scales[count] = coefficients[slot]
      bound += abs(coefficients[slot]) * scratch.maxima[slot]
      count += 1
    }
    change.count = count
    change.bound = bound
    return count > 0
  }

  /// Reads the activations that the plan needs; returns the scale from normalised to row units.
  private func rowScale(_ x: UnsafePointer<Float>) throws(SteeringError) -> Float? {
    guard let encoder = scratch.encoder, let encoderScratch = scratch.encoderScratch else {
      guard plan.needsRowScale else { return 1 }
      let normalisation = plan.dictionary.normalisation
      return normalisation.apply(x, width: scratch.width, into: scratch.delta.base)?.scale
    }
    let row = rowName ?? position
    let result = encoder._withUnsafeGuaranteedRef { encoder in
      encoderScratch._withUnsafeGuaranteedRef { encoderScratch in
        Result { () throws(DictionaryError) in
          try encoder.read(x, into: scratch.activations, row: row, encoderScratch)
        }
      }
    }
    switch result {
    case .success(let transform):
      guard let transform else { return nil }
      return scratch.isScaledBack ? transform.scale : 1
    case .failure(let error): throw SteeringError(error)
    }
  }

  /// ‖values‖ without overflow for any finite row.
  private func norm(_ values: UnsafePointer<Float>) -> Float {
    let squares = scratch.kernels.dot(values, values, count: scratch.width)
    if squares.isFinite, squares > Float.leastNormalMagnitude { return squares.squareRoot() }
    var sum = 0.0
    for index in 0..<scratch.width { sum += Double(values[index]) * Double(values[index]) }
    return Float(sum.squareRoot())
  }
}
