import Tensors

/// ``ReconstructionStatistics`` of every nested dictionary of one Matryoshka dictionary.
///
/// Not Sendable: one thread at a time.
package final class PrefixStatistics {
  /// The prefixes; the feature count alone where nothing nests.
  package let prefixes: [Int]
  /// One for each prefix.
  package private(set) var statistics: [ReconstructionStatistics]
  private let reconstructor: Reconstructor
  private let estimate: FloatBuffer

  /// - Throws: `field` for a transcoder, which does not reconstruct its input; `nonFiniteWeight`.
  package init(_ dictionary: SparseDictionary) throws(DictionaryError) {
    guard dictionary.kind == .autoencoder else {
      throw DictionaryError(
        .field(name: "kind", found: dictionary.kind.rawValue, expected: "autoencoder"))
    }
    prefixes = dictionary.prefixes.isEmpty ? [dictionary.featureCount] : dictionary.prefixes
    statistics = prefixes.map { _ in
      ReconstructionStatistics(
        featureCount: dictionary.featureCount, width: dictionary.modelWidth)
    }
    reconstructor = try Reconstructor(dictionary)
    estimate = FloatBuffer(count: dictionary.outputWidth)
  }

  /// Adds row `row` of `codes`, encoded from `x`, unless its normalisation is undefined.
  ///
  /// - Throws: `nonFiniteResult` when a reconstruction overflows.
  package func add(
    _ x: UnsafePointer<Float>, codes: SparseCodes, row: Int
  ) throws(DictionaryError) {
    guard !codes.isUndefined(row: row) else { return }
    for (index, prefix) in prefixes.enumerated() {
      let isWhole = prefix == reconstructor.dictionary.featureCount
      try reconstructor.decode(
        codes, row: row, of: x, prefix: isWhole ? nil : prefix, into: estimate.base)
      statistics[index].add(
        x, codes: codes, row: row, below: prefix, reconstruction: estimate.base)
    }
  }
}
