import Formats
import SAE
import Tensors

extension DictionaryExport {
  /// Writes SAELens' layout of version 6: what opening it here gives is the same dictionary.
  ///
  /// What the layout has no place for is refused. An activation scale is folded into the weights, a
  /// batchTopK threshold is written for every feature (jumprelu), an expander's zeros are written.
  /// `dtype` is float32, in which the library then computes, whatever type the matrices have.
  ///
  /// - Throws: `cannotHold`, `wouldRound`, and what ``native(_:to:options:progress:)`` throws.
  package static func saelens(
    _ dictionary: SparseDictionary, to folder: String, options: ExportOptions = ExportOptions(),
    progress: Progress = { _, _ in }
  ) throws(ExportError) -> ExportReport {
    if options.accelerates {
      throw ExportError(
        .cannotHold(
          target: .saelens, what: "an accelerator", why: "only the native form has a file for it"))
    }
    try checkFree(folder)
    let form = try SAELensForm(dictionary, options: options)
    try checkWeights(dictionary)
    let output = try ExportError.writing { () throws(FormatError) in
      try OutputFolder.create(folder)
    }
    let weightsName = SAELensImporter.weightsStem + ".safetensors"
    let weightsPath = output.file(weightsName)
    let result = try WeightsExport(
      tensors: form.tensors(options.type?.element), options: options, kernels: dictionary.kernels
    ).write(to: weightsPath, progress: progress)
    var report = ExportReport(roundings: form.roundings + result.roundings)
    report.changes = form.changes + report.roundings.map(\.entry)
    try finish(
      output, form.config, name: SAELensImporter.configName, weights: weightsName, into: &report)
    return report
  }
}

extension SAELensForm {
  /// The arrays under SAELens' names and in its orientation.
  fileprivate func tensors(_ type: ElementType?) -> [ExportedTensor] {
    var encoder = ExportedTensor(
      "W_enc", ExportedMatrix(dictionary.encoder, featureMajor: false), as: type)
    var decoder = ExportedTensor("W_dec", ExportedMatrix(dictionary.decoder), as: type)
    var bias = ExportedTensor("b_dec", dictionary.decoderBias)
    if foldedFactor != 1 {
      encoder.scaling = .times(foldedFactor)
      if dictionary.outputScale == .undoesNormalisation {
        decoder.scaling = .over(foldedFactor)
        bias.scaling = .over(foldedFactor)
      }
    }
    var tensors = [encoder, decoder, bias]
    let n = dictionary.featureCount
    switch dictionary.activation {
    case .gated(let gate, let magnitude, _):
      tensors += [
        ExportedTensor("b_gate", gate), ExportedTensor("b_mag", magnitude),
        ExportedTensor("r_mag", logScale),
      ]
    case .jumpReLU(let threshold): tensors.append(ExportedTensor("threshold", threshold))
    case .batchTopK(let threshold):
      tensors.append(ExportedTensor("threshold", Array(repeating: threshold, count: n)))
    default: break
    }
    if architecture.tensorNames.contains("b_enc") {
      tensors.append(ExportedTensor("b_enc", dictionary.encoderBias))
    }
    if let skip = dictionary.skip {
      tensors.append(ExportedTensor("W_skip", ExportedMatrix(.dense(skip)), as: type))
    }
    return tensors.filter { architecture.tensorNames.contains($0.name) }
  }

  /// `cfg.json`; facts that the dictionary does not know are left out.
  fileprivate var config: JSONValue {
    var members: [JSONValue.Member] = [
      .init("architecture", .string(architecture.rawValue)),
      .init("d_in", .integer(Int64(dictionary.modelWidth))),
      .init("d_sae", .integer(Int64(dictionary.featureCount))),
    ]
    if architecture.isTranscoder {
      members.append(.init("d_out", .integer(Int64(dictionary.outputWidth))))
    }
    members += [
      .init("dtype", "float32"), .init("device", "cpu"),
      .init("apply_b_dec_to_input", .bool(dictionary.subtractsDecoderBias)),
      .init("normalize_activations", .string(normalisation.rawValue)),
      .init("reshape_activations", dictionary.flattensHeads ? "hook_z" : "none"),
    ]
    if let k = dictionary.activation.k {
      members += [
        .init("k", .integer(Int64(k))),
        .init("rescale_acts_by_decoder_norm", .bool(dictionary.rescalesByDecoderNorm)),
      ]
    }
    if case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat) =
      dictionary.activation
    {
      members += [
        .init("residual_threshold", .number(Double(threshold))),
        .init("max_iterations", .integer(Int64(iterations))),
        .init("stop_on_duplicate_support", .bool(stopsOnRepeat)),
      ]
    }
    members.append(.init("metadata", .object(metadata)))
    return .object(members)
  }

  private var normalisation: SAELensConfig.ActivationNormalisation {
    switch dictionary.normalisation {
    case .none, .constantFactor: .none
    case .rootWidthOverNorm: .constantNormRescale
    case .layerNorm: .layerNorm
    }
  }

  private var metadata: [JSONValue.Member] {
    var members = [JSONValue.Member("sae_lens_version", .string(Self.layoutVersion))]
    func add(_ key: String, _ value: String?) {
      if let value { members.append(.init(key, .string(value))) }
    }
    add("model_name", dictionary.input.model)
    add("hook_name", dictionary.input.hook)
    add("hf_hook_name", dictionary.input.moduleHook)
    if architecture.isTranscoder {
      add("hook_name_out", dictionary.output.hook)
      add("hf_hook_name_out", dictionary.output.moduleHook)
    }
    if let excludes = dictionary.excludesSpecialTokens {
      members.append(.init("exclude_special_tokens", .bool(excludes)))
    }
    return members
  }
}
