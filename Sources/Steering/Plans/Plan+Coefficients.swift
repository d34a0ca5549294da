extension Plan.Edit {
  /// The coefficient that the edit asks for, of the stored decoder row, in the units of the row.
  ///
  /// `value` is the feature's activation where the mode needs it, and x·Dᵢ to project out.
  func coefficient(of value: Float, rowNorm: Float, rowScale: Float) -> Float {
    let activationUnit = rowScale * editScale
    switch mode {
    case .add:
      guard amount != 0 else { return 0 }
      switch unit {
      case .activation: return amount * activationUnit
      case .length: return amount * inverseNorm
      case .fraction: return amount * rowNorm * inverseNorm
      }
    case .clamp: return (amount - value) * activationUnit
    case .floor: return value < amount ? (amount - value) * activationUnit : 0
    case .ceiling: return value > amount ? (amount - value) * activationUnit : 0
    case .scale: return (amount - 1) * value * activationUnit
    case .ablate: return -value * activationUnit
    case .projectOut:
      let projection = value * inverseNorm
      return -projection * inverseNorm
    }
  }
}
