import SAE
import Steering
import TestSupport

/// Encodes and steers in f64, straight from the formulas, sharing no code with the library.
struct Oracle {
  let sample: Sample
  private var width: Int { sample.weights.width }

  func decoderRow(_ feature: Int) -> [Double] {
    sample.weights.decoder[(feature * width)..<((feature + 1) * width)].map(Double.init)
  }

  func decoderNorm(_ feature: Int) -> Double { norm(decoderRow(feature)) }

  /// What an activation is multiplied by under rescaling: the norm in the row's own units, which a
  /// constant factor makes larger than the dictionary's.
  func rescalingNorm(_ feature: Int) -> Double {
    guard case .constantFactor(let factor) = sample.normalisation else {
      return decoderNorm(feature)
    }
    return decoderNorm(feature) / Double(factor)
  }

  func norm(_ values: [Double]) -> Double { dot(values, values).squareRoot() }

  func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// x̃ and the scale from its units to the row's.
  func normalised(_ x: [Double]) -> (row: [Double], scale: Double) {
    let d = Double(width)
    switch sample.normalisation {
    case .none: return (x, 1)
    case .constantFactor(let factor): return (x.map { $0 * Double(factor) }, 1 / Double(factor))
    case .rootWidthOverNorm:
      let ratio = d.squareRoot() / norm(x)
      return (x.map { $0 * ratio }, 1 / ratio)
    case .layerNorm(let epsilon):
      let mean = x.reduce(0, +) / d
      let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (d - 1)).squareRoot()
      return (x.map { ($0 - mean) / (deviation + Double(epsilon)) }, deviation)
    }
  }

  /// Every feature's activation.
  func activations(_ x: [Double]) -> [Double] {
    var row = normalised(x).row
    if sample.subtractsDecoderBias {
      row = zip(row, sample.weights.decoderBias).map { $0 - Double($1) }
    }
    let z = (0..<sample.weights.featureCount).map { feature in
      let start = feature * width
      let weights = sample.weights.encoder[start..<(start + width)].map(Double.init)
      let value = dot(weights, row) + Double(sample.weights.encoderBias[feature])
      return sample.rescalesByDecoderNorm ? value * rescalingNorm(feature) : value
    }
    switch sample.activation {
    case .relu: return z.map { max($0, 0) }
    case .jumpReLU(let threshold):
      return z.enumerated().map { $1 > Double(threshold[$0]) && $1 > 0 ? $1 : 0 }
    case .topK(let k):
      let kept = Set(z.indices.sorted { z[$0] > z[$1] }.prefix(k))
      return z.indices.map { kept.contains($0) ? max(z[$0], 0) : 0 }
    case .absTopK(let k):
      let kept = Set(z.indices.sorted { abs(z[$0]) > abs(z[$1]) }.prefix(k))
      return z.indices.map { kept.contains($0) ? z[$0] : 0 }
    case .batchTopK, .gated, .signedTopK, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit:
      return []
    }
  }

  /// x̂, in the units of the row.
  func decoded(_ x: [Double]) -> [Double] {
    var sum = sample.weights.decoderBias.map(Double.init)
    for (feature, value) in activations(x).enumerated() where value != 0 {
      let row = decoderRow(feature)
      let coefficient = sample.rescalesByDecoderNorm ? value / rescalingNorm(feature) : value
      for index in sum.indices { sum[index] += coefficient * row[index] }
    }
    let scale = normalised(x).scale
    guard case .layerNorm = sample.normalisation else { return sum.map { $0 * scale } }
    let mean = x.reduce(0, +) / Double(width)
    return sum.map { $0 * scale + mean }
  }

  /// The coefficient of the stored decoder row, per intervention, all read from the same row.
  func coefficients(_ x: [Double], _ interventions: [Intervention]) -> [Double] {
    let f = activations(x)
    let scale = normalised(x).scale
    return interventions.map { intervention in
      let i = intervention.feature
      let own = decoderNorm(i)
      let unit = scale / (sample.rescalesByDecoderNorm ? rescalingNorm(i) : 1)
      let times = intervention.strength == .maximumActivation
      let target = intervention.alpha * (times ? intervention.maximumActivation ?? .nan : 1)
      switch (intervention.mode, intervention.strength) {
      case (.add, .unit): return intervention.alpha / own
      case (.add, .relative): return intervention.alpha * norm(x) / own
      case (.add, _): return target * unit
      case (.clamp, _): return (target - f[i]) * unit
      case (.floor, _): return max(target - f[i], 0) * unit
      case (.ceiling, _): return min(target - f[i], 0) * unit
      case (.scale, _): return (intervention.alpha - 1) * f[i] * unit
      case (.ablate, _): return -f[i] * unit
      case (.projectOut, _): return -dot(x, decoderRow(i)) / (own * own)
      }
    }
  }

  /// The edited row, and per element the magnitude that rounding errors scale with.
  func edited(_ x: [Float], _ interventions: [Intervention]) -> (row: [Double], size: [Double]) {
    var row = x.map(Double.init)
    var size = row.map { abs($0) }
    let coefficients = coefficients(row, interventions)
    for (coefficient, intervention) in zip(coefficients, interventions) {
      for (index, weight) in decoderRow(intervention.feature).enumerated() {
        row[index] += coefficient * weight
        size[index] += (abs(coefficient) + 1) * abs(weight)
      }
    }
    return (row, size)
  }
}
