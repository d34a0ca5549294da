import Detector
import SAE
import Tensors

extension FittedDetector {
  /// The features that the detector reads, ascending.
  public var features: [Int] {
    var features: Set<Int> = []
    for structure in structures {
      switch structure.readout {
      case .linear(let linear): features.formUnion(linear.terms.map(\.feature))
      case .profile(let profile): features.formUnion(profile.features)
      case .subspace(let subspace): features.formUnion(subspace.features)
      case .dense: break
      }
    }
    return features.sorted()
  }
}

extension FittedDetector.DictionaryReference {
  /// The reference that a detector which reads `features` of `dictionary` keeps.
  ///
  /// - Throws: `invalidArgument` for a feature outside the dictionary; `nonFinite` for a bad weight.
  public init(
    of dictionary: SparseDictionary, features: [Int]
  ) throws(SteeringError) {
    self.init(
      name: dictionary.name, fingerprint: try dictionary.fingerprint(of: features),
      featureCount: dictionary.featureCount, modelWidth: dictionary.modelWidth,
      hook: dictionary.input.hook)
  }
}

extension SparseDictionary {
  /// Throws unless this is the dictionary whose features `detector` reads.
  ///
  /// - Throws: `shapeMismatch` for other widths or counts; `invalidArgument` for other weights.
  /// - Complexity: O(features · modelWidth).
  public func check(_ detector: FittedDetector) throws(SteeringError) {
    let reference = detector.dictionary
    let counts = [
      ("features", featureCount, reference.featureCount),
      ("wide rows", modelWidth, reference.modelWidth),
    ]
    for (what, found, expected) in counts where found != expected {
      throw SteeringError(
        .shapeMismatch,
        "dictionary '\(name)' has \(found) \(what), expected \(expected) as '\(reference.name)', which"
          + " detector '\(detector.name)' reads")
    }
    guard !reference.fingerprint.isEmpty else { return }
    let found = try fingerprint(of: detector.features)
    guard found == reference.fingerprint else {
      throw SteeringError(
        .invalidArgument,
        "dictionary '\(name)' has fingerprint \(found.prefix(16)), expected"
          + " \(reference.fingerprint.prefix(16)) of '\(reference.name)', which detector"
          + " '\(detector.name)' reads")
    }
  }

  /// SHA-256, in hex, over what makes the activations of `features`: σ and its parameters, the
  /// normalisation, and those features' encoder rows, biases and thresholds.
  ///
  /// Weights count as f32, in whatever type and orientation they are stored. Where features compete, the
  /// others' rows do not count.
  func fingerprint(of features: [Int]) throws(SteeringError) -> String {
    let features = Array(Set(features)).sorted()
    let rows = try SteeringError.rendering(for: self) { () throws(DictionaryError) in
      for feature in features { try checkFeature(feature) }
      return try encoder.rows(of: features, kernels)
    }
    var digest = Digest()
    digest.update("steering detector features 1")
    digest.update(featureCount)
    digest.update(normalisation.name)
    switch normalisation {
    case .none, .rootWidthOverNorm: break
    case .constantFactor(let value), .layerNorm(let value): digest.update(value)
    }
    digest.update(subtractsDecoderBias ? decoderBias : [])
    digest.update(features.count)
    for (place, feature) in features.enumerated() {
      digest.update(feature)
      digest.update(rows.values(ofRow: place, kernels))
      digest.update(encoderBias.isEmpty ? 0 : encoderBias[feature])
      digest.update(decoderNorms.isEmpty ? 0 : decoderNorms[feature])
    }
    digest.update(activation.name)
    update(&digest, features)
    return Hexadecimal.text(digest.finish())
  }

  private func update(_ digest: inout Digest, _ features: [Int]) {
    func each(_ values: [Float]) { digest.update(features.map { values[$0] }) }
    switch activation {
    case .relu: break
    case .jumpReLU(let threshold): each(threshold)
    case .topK(let k), .absTopK(let k), .signedTopK(let k): digest.update(k)
    case .batchTopK(let threshold): digest.update(threshold)
    case .gated(let gateBias, let magnitudeBias, let scale):
      each(gateBias)
      each(magnitudeBias)
      each(scale)
    case .groupMax(let groups): digest.update(groups)
    case .biJumpReLU(let sides):
      each(sides.positiveThreshold)
      each(sides.negativeThreshold)
      each(sides.positiveGain)
      each(sides.negativeGain)
      each(sides.positiveOffset)
      each(sides.negativeOffset)
    case .blockTopK(let blockSize, let blocks):
      digest.update(blockSize)
      digest.update(blocks)
    case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat):
      digest.update(threshold)
      digest.update(iterations)
      digest.update(stopsOnRepeat ? 1 : 0)
    }
  }
}
