import Tensors

extension SparseDictionary {
  /// What an importer hands over: the weights, and a decision for every convention.
  package struct Parts {
    package var name: String
    package var kind: Kind = .autoencoder
    package var encoder: EncoderMatrix
    package var decoder: FeatureRows
    /// `[featureCount]`; zeros where the activation carries its own biases (gated).
    package var encoderBias: [Float]
    package var decoderBias: [Float]
    package var skip: RowMatrix?
    package var activation: ActivationFunction
    package var normalisation: Normalisation = .none
    package var subtractsDecoderBias = false
    package var decoderNormRole = DecoderNormRole.none
    /// Nil for the usual: an autoencoder undoes its normalisation, a transcoder does nothing.
    package var outputScale: OutputScale?
    /// Feature counts of nested dictionaries, ascending, the last the whole; empty where nothing nests.
    package var prefixes: [Int] = []
    package var input = Tap()
    package var output = Tap()
    /// Whether a row is the vectors of attention heads side by side, `[heads · d_head]`.
    package var flattensHeads = false
    package var excludesSpecialTokens: Bool?
    package var ledger: [LedgerEntry] = []
    /// Paths of the files that were read.
    package var files: [String] = []

    package init(
      name: String, encoder: EncoderMatrix, decoder: FeatureRows, encoderBias: [Float],
      decoderBias: [Float], activation: ActivationFunction
    ) {
      self.name = name
      self.encoder = encoder
      self.decoder = decoder
      self.encoderBias = encoderBias
      self.decoderBias = decoderBias
      self.activation = activation
    }

    package init(
      name: String, encoder: EncoderMatrix, decoder: RowMatrix, encoderBias: [Float],
      decoderBias: [Float], activation: ActivationFunction
    ) {
      self.init(
        name: name, encoder: encoder, decoder: .dense(decoder), encoderBias: encoderBias,
        decoderBias: decoderBias, activation: activation)
    }

    /// Throws unless every shape, range and combination is one that the mathematics defines.
    func check(_ kernels: Kernels) throws(DictionaryError) {
      let n = encoder.featureCount
      let width = encoder.modelWidth
      guard n > 0 else { throw field("feature count", n, "at least 1") }
      guard width > 0 else { throw field("model width", width, "at least 1") }
      guard n <= Int(Int32.max) else { throw field("feature count", n, "at most \(Int32.max)") }
      guard decoder.rowCount == n, decoder.width > 0 else {
        throw shape("decoder", [decoder.rowCount, decoder.width], [n, width])
      }
      if kind == .autoencoder, decoder.width != width {
        throw shape("decoder", [decoder.rowCount, decoder.width], [n, width])
      }
      try check(vector: encoderBias, "encoder bias", count: n, kernels)
      try check(vector: decoderBias, "decoder bias", count: decoder.width, kernels)
      try checkActivation(count: n, kernels)
      try checkNormalisation()
      if subtractsDecoderBias, kind == .transcoder {
        throw DictionaryError(
          .field(
            name: "subtractsDecoderBias", found: "true",
            expected: "false: a transcoder's decoder bias lives at its output"))
      }
      try checkDecoderNormRole()
      try checkPrefixes(count: n)
      try checkOutputScale()
      if let skip {
        guard kind == .transcoder else {
          throw DictionaryError(
            .field(name: "skip", found: "an autoencoder", expected: "a transcoder"))
        }
        guard skip.rowCount == decoder.width, skip.width == width else {
          throw shape("skip", [skip.rowCount, skip.width], [decoder.width, width])
        }
      }
    }

    private func checkOutputScale() throws(DictionaryError) {
      if case .factor(let factor) = outputScale {
        guard factor.isFinite && factor > 0 else {
          throw field("output scale", factor, "a positive finite number")
        }
      }
      // The statistics are those of the row that was read, and an edit has only the row written.
      if kind == .transcoder, outputScale == .undoesNormalisation, normalisation.dependsOnRow {
        throw field(
          "output scale", "\(normalisation.name) undone in a transcoder",
          "none or a factor: a transcoder's output cannot undo its input's statistics")
      }
    }

    private func checkActivation(count n: Int, _ kernels: Kernels) throws(DictionaryError) {
      switch activation {
      case .relu: break
      case .jumpReLU(let threshold): try check(vector: threshold, "threshold", count: n, kernels)
      case .batchTopK(let threshold):
        guard threshold.isFinite else { throw field("threshold", threshold, "a finite number") }
      case .topK(let k), .absTopK(let k):
        guard k >= 1 && k <= n else { throw field("k", k, "1 to \(n), the feature count") }
      case .gated(let gate, let magnitude, let scale):
        try check(vector: gate, "gate bias", count: n, kernels)
        try check(vector: magnitude, "magnitude bias", count: n, kernels)
        try check(vector: scale, "magnitude scale", count: n, kernels)
      case .signedTopK(let k):
        guard k >= 1 && k <= n else { throw field("k", k, "1 to \(n), the feature count") }
      case .groupMax(let groups):
        guard groups >= 1 && groups <= n && n % groups == 0 else {
          throw field("groups", groups, "a divisor of \(n), the feature count")
        }
      case .biJumpReLU(let sides): try check(sides, count: n, kernels)
      case .blockTopK(let blockSize, let blocks):
        guard blockSize >= 1 && blockSize <= n && n % blockSize == 0 else {
          throw field("block size", blockSize, "a divisor of \(n), the feature count")
        }
        guard blocks >= 1 && blocks <= n / blockSize else {
          throw field("blocks", blocks, "1 to \(n / blockSize), the block count")
        }
      case .matchingPursuit(let residualThreshold, let maximumIterations, let stopsOnRepeat):
        try checkPursuit(residualThreshold, maximumIterations, stopsOnRepeat)
      }
    }

    private func check(
      _ sides: BiJumpReLU, count n: Int, _ kernels: Kernels
    ) throws(DictionaryError) {
      for (values, name) in [
        (sides.positiveThreshold, "positive threshold"),
        (sides.negativeThreshold, "negative threshold"),
      ] {
        guard values.count == n else { throw shape(name, [values.count], [n]) }
        for (feature, value) in values.enumerated()
        where value.isNaN || value == -.infinity {
          throw field("\(name)[\(feature)]", value, "a finite number, or infinity for never")
        }
      }
      for feature in 0..<n
      where -sides.negativeThreshold[feature] > sides.positiveThreshold[feature] {
        throw field(
          "negative threshold[\(feature)]", sides.negativeThreshold[feature],
          "at least \(-sides.positiveThreshold[feature]): the sides must not overlap")
      }
      try check(vector: sides.positiveGain, "positive gain", count: n, kernels)
      try check(vector: sides.negativeGain, "negative gain", count: n, kernels)
      try check(vector: sides.positiveOffset, "positive offset", count: n, kernels)
      try check(vector: sides.negativeOffset, "negative offset", count: n, kernels)
    }

    private func checkPursuit(
      _ threshold: Float, _ iterations: Int, _ stopsOnRepeat: Bool
    ) throws(DictionaryError) {
      guard threshold.isFinite && threshold >= 0 else {
        throw field("residual threshold", threshold, "a finite number, at least 0")
      }
      guard iterations >= 1 else { throw field("maximum iterations", iterations, "at least 1") }
      // With repeats stopping it the pursuit ends by itself; without, nothing else need end it.
      let limit = max(4096, 16 * encoder.modelWidth)
      guard stopsOnRepeat || iterations <= limit else {
        throw field(
          "maximum iterations", iterations,
          "at most \(limit), 4096 or 16 times the width, where repeats do not stop the pursuit")
      }
      guard kind == .autoencoder else {
        throw field("activation", "\(activation.name) in a transcoder", "an autoencoder")
      }
      guard encoder.isTied(to: decoder) else {
        throw field(
          "activation", "\(activation.name) with an encoder of its own",
          "one matrix for encoder and decoder")
      }
      if let feature = encoderBias.firstIndex(where: { $0 != 0 }) {
        throw field("encoder bias[\(feature)]", encoderBias[feature], "0 with \(activation.name)")
      }
    }

    private func checkDecoderNormRole() throws(DictionaryError) {
      switch decoderNormRole {
      case .none: break
      case .rescalesActivations:
        guard activation.k != nil else {
          throw field(
            "decoderNormRole", "rescalesActivations with \(activation.name)",
            "topK, absTopK or signedTopK")
        }
      case .ranksOnly:
        guard activation.keepsPreActivations else {
          throw field(
            "decoderNormRole", "ranksOnly with \(activation.name)",
            "a function that keeps pre-activations as they are")
        }
      }
    }

    private func checkPrefixes(count n: Int) throws(DictionaryError) {
      guard let last = prefixes.last else { return }
      guard prefixes.count <= SparseDictionary.prefixLimit else {
        throw field(
          "prefixes", "\(prefixes.count) of them", "at most \(SparseDictionary.prefixLimit)")
      }
      var before = 0
      for (index, prefix) in prefixes.enumerated() {
        guard prefix > before && prefix <= n else {
          throw field("prefixes[\(index)]", prefix, "\(before + 1) to \(n): ascending")
        }
        before = prefix
      }
      guard last == n else { throw field("prefixes", last, "\(n), the feature count, as last") }
    }

    private func checkNormalisation() throws(DictionaryError) {
      switch normalisation {
      case .none, .rootWidthOverNorm: break
      case .constantFactor(let factor):
        guard factor.isFinite && factor > 0 && (1 / factor).isFinite else {
          throw field("activation scale", factor, "a positive finite number")
        }
      case .layerNorm(let epsilon):
        guard epsilon.isFinite && epsilon > 0 else {
          throw field("layer norm epsilon", epsilon, "a positive finite number")
        }
        guard encoder.modelWidth > 1 else {
          throw field("model width", encoder.modelWidth, "at least 2 for layer norm")
        }
      }
    }

    private func check(
      vector: [Float], _ name: String, count: Int, _ kernels: Kernels
    ) throws(DictionaryError) {
      guard vector.count == count else { throw shape(name, [vector.count], [count]) }
      let column = kernels.firstNonfinite(vector, count: count)
      guard column == count else {
        throw DictionaryError(.nonFiniteWeight(tensor: name, row: 0, column: column))
      }
    }

    private func shape(_ tensor: String, _ found: [Int], _ expected: [Int]) -> DictionaryError {
      DictionaryError(.shape(tensor: tensor, found: found, expected: expected))
    }

    private func field<T>(_ name: String, _ found: T, _ expected: String) -> DictionaryError {
      DictionaryError(.field(name: name, found: "\(found)", expected: expected))
    }
  }
}
