extension SparseDictionary {
  /// The whole computation from a row x to its reconstruction x̂, a line per step, with what this
  /// dictionary leaves out left out.
  ///
  /// E is the encoder, D the decoder, b_enc and b_dec their biases, d the width of x.
  public var formula: [String] {
    var lines: [String] = []
    var input = "x"
    switch normalisation {
    case .none: break
    case .constantFactor(let factor): input = "\(factor)·x"
    case .rootWidthOverNorm: input = "x·√d/‖x‖"
    case .layerNorm(let epsilon): input = "(x − mean)/(deviation + \(epsilon))"
    }
    if subtractsDecoderBias { input += " − b_dec" }
    if input != "x" { lines.append("x̃ = \(input)") }
    let row = input == "x" ? "x" : "x̃"
    switch activation {
    case .matchingPursuit: lines.append("r = \(row)")
    case .gated: lines.append("z = E·\(row)")
    default:
      lines.append(decoderNormRole == .none ? "z = E·\(row) + b_enc" : "z = (E·\(row) + b_enc)·‖D‖")
    }
    lines.append(activation.formula)
    if decoderNormRole == .ranksOnly { lines.append("f = f/‖D‖") }
    lines.append("x̂ = " + outputFormula)
    return lines
  }

  private var outputFormula: String {
    let sum = (decoderNormRole == .rescalesActivations ? "Σ fᵢ·Dᵢ/‖Dᵢ‖" : "Σ fᵢ·Dᵢ") + " + b_dec"
    let scaled: String
    switch outputScale {
    case .none: scaled = sum
    case .factor(let factor): scaled = "(\(sum))·\(factor)"
    case .undoesNormalisation:
      switch normalisation {
      case .none: scaled = sum
      case .constantFactor(let factor): scaled = "(\(sum))/\(factor)"
      case .rootWidthOverNorm: scaled = "(\(sum))·‖x‖/√d"
      case .layerNorm: scaled = "(\(sum))·deviation + mean"
      }
    }
    return hasSkip ? scaled + " + skip·x" : scaled
  }
}
