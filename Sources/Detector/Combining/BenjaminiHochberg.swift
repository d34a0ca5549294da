/// Control of the false discovery rate: of what is flagged, the expected share that should not be.
public enum BenjaminiHochberg {
  /// Adjusted p-values, in the order given: flagging those at or below q keeps the rate at or below q.
  ///
  /// With p₍₁₎ ≤ … ≤ p₍ₘ₎: adjusted₍ᵢ₎ = min over j ≥ i of min(1, m·p₍ⱼ₎/j). Holds for independent p-values
  /// and for positively dependent ones, such as those of one null sample. NaN counts as 1, what is
  /// outside [0, 1] goes to the nearer end; no p gives none.
  /// Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995); Bates et al., Annals of Statistics 51
  /// (2023) for p-values that share a null sample.
  /// - Complexity: O(m log m).
  public static func adjusted(_ p: [Double]) -> [Double] {
    let cleaned = p.map(Probability.cleaned)
    let order = cleaned.indices.sorted { cleaned[$0] < cleaned[$1] }
    var adjusted = cleaned
    var smallest = 1.0
    for (rank, index) in order.enumerated().reversed() {
      smallest = min(smallest, cleaned[index] * Double(p.count) / Double(rank + 1))
      adjusted[index] = smallest
    }
    return adjusted
  }
}
