/// How often a few features fire together, and the φ coefficient of every two of them.
///
/// ```
/// φ = (n₁₁ n₀₀ − n₁₀ n₀₁) / √(n₁. n₀. n.₁ n.₀)
/// ```
///
/// This is Pearson's correlation of two 0/1 indicators; a feature fires where its activation is not
/// zero, whatever its sign. Meta-SAE training (Levinson 2026, arXiv:2604.03436) reports the mean |φ|
/// over pairs as its measure of redundancy. Rows without defined codes are not counted.
package struct FeaturePairs: Sendable {
  /// The features, in the order in which they were given.
  package let features: [Int]
  /// Number of features of the dictionary.
  package let featureCount: Int
  /// Rows that were counted.
  package private(set) var rowCount = 0
  /// Rows that were passed over, their codes being undefined.
  package private(set) var undefinedCount = 0
  /// Positions in `features`, by ascending feature.
  private let order: [Int]
  /// `[features.count, features.count]`: rows on which both fire; the diagonal counts one alone.
  private var joint: [Int]
  private var active: [Int] = []

  /// The most features that can be compared at once: the counts of their pairs then fill 128 MiB.
  package static let featureLimit = 4096

  /// - Throws: `featureOutOfRange`; `field` for a feature that is listed twice, or too many of them.
  package init(_ features: [Int], featureCount: Int) throws(DictionaryError) {
    guard features.count <= Self.featureLimit else {
      throw DictionaryError(
        .field(
          name: "features", found: "\(features.count)", expected: "at most \(Self.featureLimit)"))
    }
    for feature in features where feature < 0 || feature >= featureCount {
      throw DictionaryError(.featureOutOfRange(found: feature, count: featureCount))
    }
    let order = features.indices.sorted { features[$0] < features[$1] }
    for (left, right) in zip(order, order.dropFirst()) where features[left] == features[right] {
      throw DictionaryError(
        .field(name: "features", found: "\(features[left]) twice", expected: "each feature once"))
    }
    self.features = features
    self.featureCount = featureCount
    self.order = order
    joint = Array(repeating: 0, count: features.count * features.count)
    active.reserveCapacity(features.count)
  }

  /// Counts every row of `codes`.
  ///
  /// - Throws: `shape` for codes of another dictionary.
  /// - Complexity: per row, O(active features + features + (features that fire)²).
  package mutating func add(_ codes: SparseCodes) throws(DictionaryError) {
    guard codes.featureCount == featureCount else {
      throw DictionaryError(
        .shape(tensor: "codes", found: [codes.featureCount], expected: [featureCount]))
    }
    for row in 0..<codes.rowCount {
      guard !codes.isUndefined(row: row) else {
        undefinedCount += 1
        continue
      }
      rowCount += 1
      active.removeAll(keepingCapacity: true)
      var next = 0
      for position in codes.range(ofRow: row) {
        let feature = Int(codes.indices[position])
        while next < order.count, features[order[next]] < feature { next += 1 }
        guard next < order.count else { break }
        if features[order[next]] == feature { active.append(order[next]) }
      }
      for first in active {
        for second in active { joint[first * features.count + second] += 1 }
      }
    }
  }

  /// Rows on which the feature at this place of ``features`` fires.
  package func firingCount(_ place: Int) -> Int { joint[place * features.count + place] }

  /// Rows on which both fire.
  package func jointCount(_ first: Int, _ second: Int) -> Int {
    joint[first * features.count + second]
  }

  /// φ of the features at two places of ``features``; nil where one of them always or never fires.
  package func phi(_ first: Int, _ second: Int) -> Double? {
    let a = firingCount(first)
    let b = firingCount(second)
    guard a > 0, b > 0, a < rowCount, b < rowCount else { return nil }
    let both = jointCount(first, second)
    let neither = rowCount - a - b + both
    let determinant =
      Double(both) * Double(neither) - Double(a - both) * Double(b - both)
    // Roots before products: the four margins together may leave the range in which f64 is exact.
    let spread = (Double(a) * Double(rowCount - a)).squareRoot()
    return determinant / spread / (Double(b) * Double(rowCount - b)).squareRoot()
  }

  /// The mean |φ| over all pairs of different features for which φ is defined; nil without any.
  package var meanAbsolutePhi: Double? {
    var sum = 0.0
    var count = 0
    for first in features.indices {
      for second in features.indices where second > first {
        guard let value = phi(first, second) else { continue }
        sum += abs(value)
        count += 1
      }
    }
    return count > 0 ? sum / Double(count) : nil
  }
}
