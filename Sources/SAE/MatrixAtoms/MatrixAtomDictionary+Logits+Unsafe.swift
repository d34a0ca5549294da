import Tensors

extension MatrixAtomDictionary {
  /// ‖Σ_r v'_r w'_rᵀ‖, the Frobenius norm of an atom, in f64: Σ_rs (v'_r·v'_s)(w'_r·w'_s) under a root.
  package func norm(ofAtom atom: Int) -> Double {
    var sum = 0.0
    for first in places(of: atom) {
      for second in places(of: atom) {
        sum +=
          product(keyDecoder, first, keyDecoder, second, keyWidth)
          * product(valueDecoder, first, valueDecoder, second, valueWidth)
      }
    }
    return max(sum, 0).squareRoot()
  }

  /// How much a token's logit is predicted to move when `change` times an atom is written to the state.
  ///
  /// ```
  /// Δℓ ≈ decay · Σ_r (v'_r · query)(w'_r · unembedding) · change        (paper, equation 1)
  /// ```
  ///
  /// `query` is `[keyWidth]`, the query that reads the state; `unembedding` `[valueWidth]` is the token's
  /// unembedding row taken back through the head's output projection; `decay` is the product of the
  /// gates α from the step after the write to the step that reads. The paper's derivation leaves out
  /// what later writes take away (β k kᵀ): it holds where the atom is nearly orthogonal to later keys.
  /// The pairing of factors is ``logitPairing``. Sums are f64.
  ///
  /// - Throws: `featureOutOfRange`, `shape`, and `field` for a number that is not finite.
  package func predictedLogitShift(
    ofAtom atom: Int, query: [Float], unembedding: [Float], decay: Double, change: Double
  ) throws(DictionaryError) -> Double {
    try checkAtom(atom)
    guard query.count == keyWidth else {
      throw DictionaryError(.shape(tensor: "query", found: [query.count], expected: [keyWidth]))
    }
    guard unembedding.count == valueWidth else {
      throw DictionaryError(
        .shape(tensor: "unembedding", found: [unembedding.count], expected: [valueWidth]))
    }
    let numbers = [("decay", decay), ("change", change)]
    let rows = [("query", query), ("unembedding", unembedding)]
    for (name, value) in numbers + rows.flatMap({ row in row.1.map { (row.0, Double($0)) } })
    where !value.isFinite {
      throw DictionaryError(.field(name: name, found: "\(value)", expected: "a finite number"))
    }
    let (read, written) = (StoredArray(query), StoredArray(unembedding))
    var sum = 0.0
    for place in places(of: atom) {
      switch logitPairing {
      case .byShape:
        sum +=
          product(keyDecoder, place, read, 0, keyWidth)
          * product(valueDecoder, place, written, 0, valueWidth)
      case .asPrinted:
        sum +=
          product(valueDecoder, place, read, 0, keyWidth)
          * product(keyDecoder, place, written, 0, valueWidth)
      }
    }
    return decay * sum * change
  }

  private func places(of atom: Int) -> Range<Int> { (atom * rank)..<((atom + 1) * rank) }

  /// The f64 dot product of row `i` of `a` and row `j` of `b`, both `width` wide.
  private func product(
    _ a: StoredArray<Float>, _ i: Int, _ b: StoredArray<Float>, _ j: Int, _ width: Int
  ) -> Double {
    guard let a = a.base, let b = b.base else { return 0 }
    var sum = 0.0
    for index in 0..<width { sum += Double(a[i * width + index]) * Double(b[j * width + index]) }
    return sum
  }
}
