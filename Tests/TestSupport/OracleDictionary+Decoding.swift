import SAE

extension OracleDictionary {
  /// Decodes dense activations, and how far the library may be off, per output column.
  ///
  /// The normalisation is undone with `row` unless this is a transcoder.
  package func decode(
    _ values: [Double], scale: Double, offset: Double
  ) -> (values: [Double], bounds: [Double]) {
    var out = decoderBias.map(Double.init)
    var magnitude = decoderBias.map { abs(Double($0)) }
    var active = 0.0
    for feature in 0..<featureCount where values[feature] != 0 {
      active += 1
      let coefficient =
        rescalesByDecoderNorm ? values[feature] / decoderNorm(feature) : values[feature]
      for column in 0..<outputWidth {
        let term = coefficient * Double(decoder[feature * outputWidth + column])
        out[column] += term
        magnitude[column] += abs(term)
      }
    }
    var bounds = magnitude.map { $0 * (active + 6) * 0x1p-23 }
    switch outputScale ?? (isTranscoder ? .none : .undoesNormalisation) {
    case .none: break
    case .factor(let factor):
      for column in 0..<outputWidth {
        out[column] *= Double(factor)
        bounds[column] = bounds[column] * Double(factor) + abs(out[column]) * 0x1p-23
      }
    case .undoesNormalisation:
      for column in 0..<outputWidth {
        out[column] = out[column] * scale + offset
        bounds[column] = bounds[column] * scale + abs(offset) * 0x1p-22
      }
    }
    return (out, bounds)
  }

  /// Decodes and adds the linear path; `factor` is the constant c of the dot product's contract.
  package func forward(
    _ values: [Double], of x: [Double], scale: Double, offset: Double, factor: Double
  ) -> (values: [Double], bounds: [Double]) {
    var (out, bounds) = decode(values, scale: scale, offset: offset)
    guard let skip else { return (out, bounds) }
    for column in 0..<outputWidth {
      var magnitude = abs(out[column])
      for index in 0..<width {
        let term = Double(skip[column * width + index]) * x[index]
        out[column] += term
        magnitude += abs(term)
      }
      bounds[column] += magnitude * (factor + 2) * 0x1p-23
    }
    return (out, bounds)
  }
}
