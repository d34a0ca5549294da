import SAE
import Tensors

extension SAELensImporter {
  /// A matching pursuit: one matrix, which encodes and decodes.
  static func assemble(
    _ pursuit: SAELensConfig.Pursuit, _ config: inout SAELensConfig, _ weights: SAELensWeights,
    name: String, folder: String, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let n = config.featureCount
    let matrix = try weights.matrix("W_dec", [n, config.inputWidth], from: "d_sae, d_in")
    config.ledger += matrix.notes
    let bias = try weights.vector("b_dec", config.inputWidth, from: "d_in")
    var parts = SparseDictionary.Parts(
      name: name, encoder: EncoderMatrix(matrix.matrix, layout: .featureMajor),
      decoder: matrix.matrix, encoderBias: Array(repeating: 0, count: n),
      // The library adds the bias only where it is subtracted first.
      decoderBias: config.subtractsDecoderBias
        ? bias : Array(repeating: 0, count: config.inputWidth),
      activation: .matchingPursuit(
        residualThreshold: pursuit.residualThreshold,
        maximumIterations: pursuit.maximumIterations, stopsOnRepeat: pursuit.stopsOnRepeat))
    parts.input = config.input
    parts.output = config.output
    parts.flattensHeads = config.flattensHeads
    parts.excludesSpecialTokens = config.excludesSpecialTokens
    parts.subtractsDecoderBias = config.subtractsDecoderBias
    try normalise(&parts, &config, folder: folder, options: options, kernels: kernels)
    parts.ledger = config.ledger
    parts.files += [folder + "/" + configName] + weights.paths
    return parts
  }
}
