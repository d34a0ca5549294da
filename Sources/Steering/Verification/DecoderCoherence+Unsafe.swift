import SAE
import Tensors

/// How close the two most similar decoder directions are: max |⟨D̂ᵢ, D̂ⱼ⟩| over i ≠ j, with D̂ = D/‖D‖.
///
/// 1 means two features that write the same direction. Rows of norm zero have no direction and are left
/// out.
public struct DecoderCoherence: Sendable, Equatable {
  /// The largest |cosine|; nil with fewer than two directions.
  public var value: Double?
  /// The two features that have it, the lower index first.
  public var pair: [Int]
  /// Features that were compared with every other.
  public var comparedCount: Int
  /// Number of features.
  public var featureCount: Int

  /// Whether every pair was looked at.
  public var isComplete: Bool { comparedCount == featureCount }

  /// Compares as many features with all others as `budget` multiply-adds allow, evenly spread.
  ///
  /// - Complexity: O(min(budget, featureCount² · outputWidth)).
  package init(_ dictionary: SparseDictionary, budget: Int = 16_000_000_000) {
    let decoder = dictionary.decoder
    let kernels = dictionary.kernels
    let n = decoder.rowCount
    let (perFeature, overflow) = n.multipliedReportingOverflow(by: decoder.width)
    let affordable = overflow ? 1 : max(1, budget / max(1, perFeature))
    let count = min(n, affordable)
    // Norms in f64: a row too small for f32 to square still has a direction.
    let inverse = decoder.norms(kernels).map { $0 > 0 ? 1 / $0 : 0 }
    let unit = FloatBuffer(count: decoder.width)
    let products = FloatBuffer(count: n)
    var best: (value: Double, pair: [Int])?
    for index in 0..<count {
      let feature = index * n / count
      guard inverse[feature] > 0 else { continue }
      for (column, value) in decoder.values(ofRow: feature, kernels).enumerated() {
        unit[column] = Float(Double(value) * inverse[feature])
      }
      decoder.matvec(from: 0, count: n, unit.base, into: products.base, kernels)
      for other in 0..<n where other != feature && inverse[other] > 0 {
        let cosine = min(1, abs(Double(products[other]) * inverse[other]))
        if cosine.isFinite, cosine > best?.value ?? -1 {
          best = (cosine, [min(feature, other), max(feature, other)])
        }
      }
    }
    value = best?.value
    pair = best?.pair ?? []
    comparedCount = count
    featureCount = n
  }
}
