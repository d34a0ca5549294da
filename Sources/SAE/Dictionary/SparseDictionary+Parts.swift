import Tensors

extension SparseDictionary {
  /// What an importer hands over: the weights, and a decision for every convention.
  package struct Parts {
    package var name: String
    package var kind: Kind = .autoencoder
    package var encoder: EncoderMatrix
    package var decoder: RowMatrix
    /// `[featureCount]`; zeros where the activation carries its own biases (gated).
    package var encoderBias: [Float]
    package var decoderBias: [Float]
    package var skip: RowMatrix?
    package var activation: ActivationFunction
    package var normalisation: Normalisation = .none
    package var subtractsDecoderBias = false
    package var rescalesByDecoderNorm = false
    package var input = Tap()
    package var output = Tap()
    package var excludesSpecialTokens: Bool?
    package var ledger: [LedgerEntry] = []
    /// Paths of the files that were read.
    package var files: [String] = []

    package init(
      name: String, encoder: EncoderMatrix, decoder: RowMatrix, encoderBias: [Float],
      decoderBias: [Float], activation: ActivationFunction
    ) {
      self.name = name
      self.encoder = encoder
      self.decoder = decoder
      self.encoderBias = encoderBias
      self.decoderBias = decoderBias
      self.activation = activation
    }

    /// Throws unless every shape, range and combination is one that the mathematics defines.
    func check() throws(DictionaryError) {
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
      try check(vector: encoderBias, "encoder bias", count: n)
      try check(vector: decoderBias, "decoder bias", count: decoder.width)
      try checkActivation(count: n)
      try checkNormalisation()
      if subtractsDecoderBias, kind == .transcoder {
        throw DictionaryError(
          .field(
            name: "subtractsDecoderBias", found: "true",
            expected: "false: a transcoder's decoder bias lives at its output"))
      }
      if rescalesByDecoderNorm, activation.k == nil {
        throw DictionaryError(
          .field(
            name: "rescalesByDecoderNorm", found: "true with \(activation.name)",
            expected: "topK or absTopK"))
      }
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

    private func checkActivation(count n: Int) throws(DictionaryError) {
      switch activation {
      case .relu: break
      case .jumpReLU(let threshold): try check(vector: threshold, "threshold", count: n)
      case .batchTopK(let threshold):
        guard threshold.isFinite else { throw field("threshold", threshold, "a finite number") }
      case .topK(let k), .absTopK(let k):
        guard k >= 1 && k <= n else { throw field("k", k, "1 to \(n), the feature count") }
      case .gated(let gate, let magnitude, let scale):
        try check(vector: gate, "gate bias", count: n)
        try check(vector: magnitude, "magnitude bias", count: n)
        try check(vector: scale, "magnitude scale", count: n)
      }
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
      vector: [Float], _ name: String, count: Int
    ) throws(DictionaryError) {
      guard vector.count == count else { throw shape(name, [vector.count], [count]) }
      if let column = vector.firstIndex(where: { !$0.isFinite }) {
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
