extension BiJumpReLU {
  /// Folds a sign-aware gate into two thresholds, exactly.
  ///
  /// ```
  /// opens upwards where z + gate⁺ > 0:   f = scale⁺·z + offset⁺
  /// opens downwards where z − gate⁻ < 0: f = scale⁻·z + offset⁻
  /// ```
  ///
  /// θ⁺ = −gate⁺ and θ⁻ = −gate⁻; a sum of two floats is above zero exactly where the one is above minus
  /// the other. Arrays are `[featureCount]`; scales are exp(r⁺) and exp(r⁻), the same array twice where
  /// they are tied. SA-GSAE (arXiv:2605.28149) publishes no formula: that each side has a scale and an
  /// offset of its own, and that no ReLU follows, is inferred from its description.
  ///
  /// - Throws: `shape` when lengths differ; `field` where both gates could open at once, gate⁻ > −gate⁺,
  ///   for which the source names no rule.
  package static func folding(
    gateBiasPositive: [Float], gateBiasNegative: [Float], magnitudeScalePositive: [Float],
    magnitudeScaleNegative: [Float], magnitudeBiasPositive: [Float],
    magnitudeBiasNegative: [Float]
  ) throws(DictionaryError) -> BiJumpReLU {
    let n = gateBiasPositive.count
    for (values, name) in [
      (gateBiasNegative, "negative gate bias"),
      (magnitudeScalePositive, "positive magnitude scale"),
      (magnitudeScaleNegative, "negative magnitude scale"),
      (magnitudeBiasPositive, "positive magnitude bias"),
      (magnitudeBiasNegative, "negative magnitude bias"),
    ] where values.count != n {
      throw DictionaryError(.shape(tensor: name, found: [values.count], expected: [n]))
    }
    for feature in 0..<n where !(gateBiasNegative[feature] <= -gateBiasPositive[feature]) {
      throw DictionaryError(
        .field(
          name: "negative gate bias[\(feature)]", found: "\(gateBiasNegative[feature])",
          expected: "at most \(-gateBiasPositive[feature]): one gate open at a time"))
    }
    return BiJumpReLU(
      positiveThreshold: gateBiasPositive.map { -$0 },
      negativeThreshold: gateBiasNegative.map { -$0 },
      positiveGain: magnitudeScalePositive, negativeGain: magnitudeScaleNegative,
      positiveOffset: magnitudeBiasPositive, negativeOffset: magnitudeBiasNegative)
  }
}
