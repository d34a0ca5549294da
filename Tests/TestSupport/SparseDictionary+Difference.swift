import SAE
import Tensors

extension SparseDictionary {
  /// What `other` has different, bit for bit, in words; nil where nothing is.
  ///
  /// Compares fields, weights, taps and the ledger; not the name, which may be the folder's.
  package func difference(from other: SparseDictionary, ledger: Bool = true) throws -> String? {
    let fields: [(String, Bool)] = [
      ("kind", kind == other.kind), ("feature count", featureCount == other.featureCount),
      ("model width", modelWidth == other.modelWidth),
      ("output width", outputWidth == other.outputWidth),
      ("activation", activation == other.activation),
      ("normalisation", normalisation == other.normalisation),
      ("subtracts decoder bias", subtractsDecoderBias == other.subtractsDecoderBias),
      ("output scale", outputScale == other.outputScale),
      ("decoder norm role", decoderNormRole == other.decoderNormRole),
      ("prefixes", prefixes == other.prefixes),
      ("flattens heads", flattensHeads == other.flattensHeads),
      ("special tokens", excludesSpecialTokens == other.excludesSpecialTokens),
      ("input", input == other.input), ("output", output == other.output),
      ("ledger", !ledger || self.ledger == other.ledger),
      ("encoder bias", encoderBias.map(\.bitPattern) == other.encoderBias.map(\.bitPattern)),
      ("decoder bias", decoderBias.map(\.bitPattern) == other.decoderBias.map(\.bitPattern)),
      ("skip", (skip == nil) == (other.skip == nil)),
    ]
    if let field = fields.first(where: { !$0.1 }) { return field.0 }
    var matrices: [(name: String, mine: FeatureRows, theirs: FeatureRows)] = [
      ("encoder", try encoder.featureMajor(kernels), try other.encoder.featureMajor(kernels)),
      ("decoder", decoder, other.decoder),
    ]
    if let skip, let theirs = other.skip {
      matrices.append(("skip", FeatureRows.dense(skip), FeatureRows.dense(theirs)))
    }
    for (name, a, b) in matrices {
      guard a.rowCount == b.rowCount, a.width == b.width else { return "\(name) shape" }
      for row in 0..<a.rowCount {
        let left = a.values(ofRow: row, kernels).map(\.bitPattern)
        guard left == b.values(ofRow: row, kernels).map(\.bitPattern) else {
          return "\(name) row \(row)"
        }
      }
    }
    return nil
  }

  /// The first of `rows` whose activations `other` has different, bit for bit; nil where none is.
  package func codeDifference(
    from other: SparseDictionary, rows: [Float], count: Int
  ) throws -> String? {
    let mine = try codes(of: rows, count: count)
    let theirs = try other.codes(of: rows, count: count)
    guard mine.undefinedRows == theirs.undefinedRows else { return "undefined rows" }
    for row in 0..<count {
      let a = mine.range(ofRow: row)
      let b = theirs.range(ofRow: row)
      guard mine.indices[a] == theirs.indices[b],
        mine.values[a].map(\.bitPattern) == theirs.values[b].map(\.bitPattern)
      else { return "row \(row)" }
    }
    return nil
  }
}
