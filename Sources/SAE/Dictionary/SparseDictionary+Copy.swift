extension SparseDictionary.Parts {
  /// The parts that `dictionary` was made of, so that one of them can be changed.
  ///
  /// Weights are shared, not copied: a changed part costs no more than itself.
  package init(_ dictionary: SparseDictionary) {
    self.init(
      name: dictionary.name, encoder: dictionary.encoder, decoder: dictionary.decoder,
      encoderBias: dictionary.encoderBias, decoderBias: dictionary.decoderBias,
      activation: dictionary.activation)
    kind = dictionary.kind
    skip = dictionary.skip
    normalisation = dictionary.normalisation
    subtractsDecoderBias = dictionary.subtractsDecoderBias
    decoderNormRole = dictionary.decoderNormRole
    outputScale = dictionary.outputScale
    prefixes = dictionary.prefixes
    input = dictionary.input
    output = dictionary.output
    flattensHeads = dictionary.flattensHeads
    excludesSpecialTokens = dictionary.excludesSpecialTokens
    ledger = dictionary.ledger
    files = dictionary.files
  }
}
