import TestSupport

/// In what order numbers come to a selection, and how many are equal.
enum SelectionKind: String, CaseIterable, Sendable {
  case random, heavyTailed, fewValues, equal, ascending, descending, sawtooth, subnormal, zeros

  func floats(_ count: Int, using random: inout SplitMix64) -> [Float] {
    switch self {
    case .random: InputKind.uniform.floats(count, using: &random)
    case .heavyTailed: InputKind.heavyTailed.floats(count, using: &random)
    case .fewValues:
      (0..<count).map { _ in [-2, -1, -0.0, 0, 0.5, 2].randomElement(using: &random) ?? 0 }
    case .equal: Array(repeating: -1.5, count: count)
    case .ascending: (0..<count).map { Float($0) - Float(count) / 3 }
    case .descending: (0..<count).map { Float(count) / 3 - Float($0) }
    case .sawtooth: (0..<count).map { Float($0 % 7) * 0.25 + Float($0 / 100) - 5 }
    case .subnormal: InputKind.subnormal.floats(count, using: &random)
    case .zeros: (0..<count).map { $0 % 3 == 0 ? 0 : -0.0 }
    }
  }
}

/// The places of the best k, ascending, and the place of the worst of them, by sorting.
func selectionOracle(_ z: [Float], k: Int, absolute: Bool) -> (winners: [UInt32], worst: UInt32) {
  let keys = absolute ? z.map(abs) : z
  // sort is not promised to be stable: the place decides among equal keys.
  let order = keys.indices.sorted { keys[$0] != keys[$1] ? keys[$0] > keys[$1] : $0 < $1 }
  return (order.prefix(k).sorted().map(UInt32.init), UInt32(order[k - 1]))
}
