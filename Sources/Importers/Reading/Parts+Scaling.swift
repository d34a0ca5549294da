import SAE

extension SparseDictionary.Parts {
  /// Multiplies every bias and threshold, so that rows `factor` times larger give activations and
  /// reconstructions `factor` times larger.
  mutating func scaleBiases(by factor: Double) {
    func scaled(_ values: [Float]) -> [Float] { values.map { Float(Double($0) * factor) } }
    encoderBias = scaled(encoderBias)
    decoderBias = scaled(decoderBias)
    switch activation {
    case .gated(let gate, let magnitude, let scale):
      activation = .gated(
        gateBias: scaled(gate), magnitudeBias: scaled(magnitude), scale: scale)
    case .jumpReLU(let threshold): activation = .jumpReLU(threshold: scaled(threshold))
    case .batchTopK(let threshold):
      activation = .batchTopK(threshold: Float(Double(threshold) * factor))
    default: break
    }
  }
}
