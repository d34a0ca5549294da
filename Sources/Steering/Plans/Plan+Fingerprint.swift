import SAE
import Tensors

extension Plan {
  /// 32 bytes that stand for everything that decides what the plan does to a row: for keys of caches.
  ///
  /// SHA-256 over the compiled plan, so equal interventions in any order on equal weights agree, in every
  /// process. The prompt's length is a session's own: keys of plans with a phase need it beside this.
  /// Instruction sets, which may differ in the last bit, do not count.
  ///
  /// - Complexity: O(features · width); where activations are ranked also the whole encoder, once per
  ///   dictionary.
  public func fingerprint() throws(SteeringError) -> [UInt8] {
    var digest = Digest()
    digest.update("steering plan 1")
    digest.update(dictionary.kind.rawValue)
    updateNormalisation(&digest)
    digest.update(dictionary.subtractsDecoderBias ? dictionary.decoderBias : [])
    // Only where it is not the usual: what was usual before there was a choice keeps its fingerprint.
    if dictionary.denormalisesOutput != (dictionary.kind == .autoencoder) {
      digest.update(dictionary.denormalisesOutput ? "denormalises" : "keeps units")
    }
    digest.update(directions)
    digest.update(features.map { dictionary.editScale(of: $0) })
    try updateEncoder(&digest)
    // In an order of their own: that of two edits which differ in scope alone is the writer's.
    let scopes = scopes.map(fingerprint(of:))
    let edits = edits.map { fingerprint(of: $0, scope: scopes[$0.scope]) }
    for edit in edits.sorted(by: { $0.lexicographicallyPrecedes($1) }) { digest.update(edit) }
    return digest.finish()
  }

  private func updateNormalisation(_ digest: inout Digest) {
    digest.update(dictionary.normalisation.name)
    switch dictionary.normalisation {
    case .none, .rootWidthOverNorm: break
    case .constantFactor(let value), .layerNorm(let value): digest.update(value)
    }
  }

  private func updateEncoder(_ digest: inout Digest) throws(SteeringError) {
    guard let encoder else {
      digest.update("reads nothing")
      return
    }
    digest.update(encoder.rows)
    digest.update(encoder.bias)
    digest.update(encoder.norms)
    digest.update(dictionary.activation.name)
    if dictionary.decoderNormRole == .ranksOnly { digest.update("ranks only") }
    switch encoder.selection {
    case .threshold(let threshold): digest.update(threshold)
    case .gate(let bias, let magnitude, let scale):
      digest.update(bias)
      digest.update(magnitude)
      digest.update(scale)
    case .sides(let sides):
      for values in [
        sides.positiveThreshold, sides.negativeThreshold, sides.positiveGain, sides.negativeGain,
        sides.positiveOffset, sides.negativeOffset,
      ] {
        digest.update(values)
      }
    case .rank(_, let k, _):
      digest.update(k)
      try updateRivals(&digest)
    case .groups(let groups, let rows, let size):
      digest.update(size)
      digest.update(rows)
      for feature in groups.flatMap({ Array($0.start..<($0.start + size)) }) {
        digest.update(feature)
        digest.update(dictionary.encoderBias[feature])
        if !dictionary.decoderNorms.isEmpty { digest.update(dictionary.decoderNorms[feature]) }
      }
    case .blocks(_, let size, let count):
      digest.update(size)
      digest.update(count)
      try updateRivals(&digest)
    case .pursuit:
      guard
        case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat) =
          dictionary.activation
      else { fatalError("a pursuit is matching pursuit's") }
      digest.update(threshold)
      digest.update(iterations)
      digest.update(stopsOnRepeat ? "stops on repeat" : "goes on")
      try updateRivals(&digest)
    }
  }

  /// Every feature that may compete with those that are read.
  private func updateRivals(_ digest: inout Digest) throws(SteeringError) {
    let rivals = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try dictionary.encoder.digest(dictionary.kernels)
    }
    digest.update(rivals)
    digest.update(dictionary.encoderBias)
    digest.update(dictionary.decoderNorms)
  }

  private func fingerprint(of edit: Edit, scope: [UInt8]) -> [UInt8] {
    var digest = Digest()
    digest.update(edit.mode.rawValue)
    digest.update(features[edit.slot])
    digest.update(edit.unit.rawValue)
    // Adding 0 makes −0 what it acts like.
    digest.update(edit.amount + 0)
    digest.update(scope)
    return digest.finish()
  }

  private func fingerprint(of scope: Scope) -> [UInt8] {
    let covered = CoveredPositions(scope)
    var digest = Digest()
    digest.update(covered.phase.rawValue)
    digest.update(covered.ranges.count)
    for range in covered.ranges {
      digest.update(range.lowerBound)
      digest.update(range.upperBound)
    }
    return digest.finish()
  }
}
