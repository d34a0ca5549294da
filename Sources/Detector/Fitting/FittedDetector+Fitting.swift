extension FittedDetector {
  /// Fits a detector on documents of the selection split.
  ///
  /// The corpus's record goes into the detector, so that calibrating and evaluating on any of these
  /// documents is refused. The same documents in the same order give the same bits. A document without a kept
  /// token says nothing and is left out, with the other side of its pair.
  ///
  /// - Throws: what does not fit or is too little, naming structure or document.
  package init(
    fitting options: FitOptions, on corpus: Corpus<Selection>, name: String,
    dictionary: DictionaryReference, masking: Masking
  ) throws(DetectionError) {
    try options.check(featureCount: dictionary.featureCount)
    let structures = try Self.structures(
      options, corpus.withKeptTokens, dictionary.featureCount)
    self.init(
      name: name, kind: options.kind, dictionary: dictionary, masking: masking,
      structures: structures, selection: corpus.record)
  }

  private static func structures(
    _ options: FitOptions, _ corpus: Corpus<Selection>, _ featureCount: Int
  ) throws(DetectionError) -> [Structure] {
    let pooling = options.pooling
    if options.kind == .bank {
      var fit = BankFit()
      fit.featureCount = options.featureCount ?? fit.featureCount
      fit.weighting = options.weighting
      fit.inverseStrength = options.inverseStrength ?? fit.inverseStrength
      let pairs = try ContrastPairs(corpus, structures: options.structures)
      let pooled = try PooledDocuments(
        corpus.documents, featureCount: featureCount, pooling: pooling)
      var found: [Structure] = []
      for (name, pairs) in pairs.byStructure {
        let readout = try fit.readout(name, pairs, pooled)
        found.append(Structure(name: name, readout: .linear(readout), pooling: pooling))
      }
      return found
    }
    let names = options.structures ?? LabelledRows.structures(of: corpus)
    guard !names.isEmpty else {
      throw DetectionError(
        .tooFew(what: "labelled documents", found: 0, needed: LabelledRows.minimum))
    }
    let pooled =
      options.kind == .dense
      ? nil
      : try PooledDocuments(
        corpus.documents, featureCount: featureCount, pooling: pooling,
        joinsSides: options.kind == .profile || options.kind == .subspace)
    var found: [Structure] = []
    for name in names {
      let readout = try Self.readout(name, options, corpus, pooled)
      found.append(
        Structure(name: name, readout: readout, pooling: options.kind == .dense ? .mean : pooling))
    }
    return found
  }

  private static func readout(
    _ name: String, _ options: FitOptions, _ corpus: Corpus<Selection>, _ pooled: PooledDocuments?
  ) throws(DetectionError) -> Readout {
    let isOneClass = options.kind == .profile || options.kind == .subspace
    let rows = try LabelledRows(name, in: corpus, needsAbsent: !isOneClass)
    guard let pooled else {
      var fit = DenseFit()
      fit.inverseStrength = options.inverseStrength ?? fit.inverseStrength
      return .dense(try fit.readout(rows, in: corpus))
    }
    switch options.kind {
    case .profile:
      var fit = ProfileFit()
      fit.featureCount = options.featureCount ?? fit.featureCount
      return .profile(try fit.readout(rows.present, pooled))
    case .subspace:
      var fit = SubspaceFit()
      fit.featureCount = options.featureCount ?? fit.featureCount
      return .subspace(try fit.readout(rows.present, pooled))
    case .feature:
      return .linear(try FeatureFit(feature: options.feature).readout(name, rows, pooled))
    // The last three do not come here.
    case .probe, .bank, .dense, .watermark:
      var fit = LogisticFit()
      fit.featureCount = options.featureCount ?? fit.featureCount
      fit.inverseStrength = options.inverseStrength ?? fit.inverseStrength
      let pairs = ContrastPairs.complete(name, in: corpus)
      return .linear(try fit.readout(name, rows, pairs: pairs, pooled))
    }
  }
}
