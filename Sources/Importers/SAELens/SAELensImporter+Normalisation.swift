import Formats
import SAE
import Tensors

extension SAELensImporter {
  private static let scalerName = "activation_scaler.json"
  private static let whiteningName = "activation_whitening.safetensors"
  /// The constant inside SAELens' layer norm, outside the root.
  static let layerNormEpsilon: Float = 1e-5

  /// Decides how rows are rescaled, folds what SAELens folds, and says in which units activations are.
  static func normalise(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig, folder: String,
    options: ImportOptions, kernels: Kernels
  ) throws(ImportError) {
    let source = config.normalisationSource
    switch config.normalisation {
    case .none:
      if case .factor(let factor) = options.activationScale {
        try scale(
          &parts, &config, by: factor, source: .option("activation scale \(factor)"))
      } else {
        config.ledger.append(
          LedgerEntry("activation units", "those of the rows as given", source: source))
      }
    case .expectedAverageOnlyIn:
      try foldExpectedAverage(&parts, &config, folder: folder, options: options)
    case .constantNormRescale:
      try refuseScale(options, config)
      parts.normalisation = .rootWidthOverNorm
      config.ledger.append(
        LedgerEntry(
          "activation units", "each row is rescaled to norm √d first; a zero row is undefined",
          source: source))
    case .layerNorm:
      try refuseScale(options, config)
      parts.normalisation = .layerNorm(epsilon: layerNormEpsilon)
      config.ledger.append(
        LedgerEntry(
          "activation units",
          "each row is centred and divided by its deviation (n − 1) + 1e-5 first", source: source))
    case .covarianceWhitening:
      try refuseScale(options, config)
      try foldWhitening(&parts, &config, folder: folder, kernels: kernels)
    }
    if config.architecture.isTranscoder, config.normalisation != .none {
      config.ledger.append(
        LedgerEntry(
          "output units", "not rescaled back: the output is another place's", source: .formatRule))
    }
  }

  private static func refuseScale(
    _ options: ImportOptions, _ config: SAELensConfig
  ) throws(ImportError) {
    guard options.activationScale == .fromFiles else {
      throw ImportError(
        .value(
          key: "normalize_activations", found: "\"\(config.normalisation.rawValue)\"",
          expected: "\"none\" or \"expected_average_only_in\" when an activation scale is given"))
    }
  }

  private static func scale(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig, by factor: Double,
    source: LedgerEntry.Source
  ) throws(ImportError) {
    guard parts.kind == .autoencoder else {
      throw ImportError(
        .refused(
          what: "an activation scale for architecture '\(config.architecture.rawValue)'",
          why: "the scale of the input says nothing about the output",
          advice: "scale the rows yourself and say that they are scaled already"))
    }
    if case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat) = parts.activation {
      scalePursuit(
        &parts, &config, by: factor, source: source,
        .matchingPursuit(
          residualThreshold: Float(Double(threshold) / factor), maximumIterations: iterations,
          stopsOnRepeat: stopsOnRepeat))
      return
    }
    parts.normalisation = .constantFactor(Float(factor))
    config.ledger.append(
      LedgerEntry(
        "activation units",
        "rows are multiplied by \(Float(factor)) first and the reconstruction is divided by it:"
          + " activations are in scaled units",
        source: source))
  }

  /// A tied encoder takes no factor: the library moves bias and threshold to the units of the rows.
  private static func scalePursuit(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig, by factor: Double,
    source: LedgerEntry.Source, _ activation: ActivationFunction
  ) {
    parts.activation = activation
    parts.decoderBias = parts.decoderBias.map { Float(Double($0) / factor) }
    config.ledger.append(
      LedgerEntry(
        "activation units",
        "those of the rows as given: decoder bias and residual threshold divided by"
          + " \(Float(factor))",
        source: source))
  }

  /// `expected_average_only_in`: one factor, which must have been stored somewhere.
  private static func foldExpectedAverage(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig, folder: String,
    options: ImportOptions
  ) throws(ImportError) {
    switch options.activationScale {
    case .factor(let factor):
      try scale(&parts, &config, by: factor, source: .option("activation scale \(factor)"))
    case .alreadyApplied:
      config.ledger.append(
        LedgerEntry(
          "activation units", "rows are taken as already rescaled; nothing is folded",
          source: .option("rows already scaled")))
    case .fromFiles:
      let path = folder + "/" + scalerName
      guard try DictionaryImporter.exists(path) else {
        throw ImportError(
          .refused(
            what: "normalize_activations 'expected_average_only_in'",
            why: "the factor that rows were multiplied by is not in the folder"
              + " (no \(scalerName)), and without it activations would be mis-scaled in silence",
            advice: "give the factor (--activation-scale S), or say that rows are scaled already"
              + " (--rows-already-scaled)"))
      }
      let factor = try readFactor(path)
      parts.files.append(path)
      try scale(&parts, &config, by: factor, source: .config(key: "\(scalerName) scaling_factor"))
    }
  }

  private static func readFactor(_ path: String) throws(ImportError) -> Double {
    let object = try readJSON(path)
    let accepted = ["scaling_factor", "has_whitening"]
    do throws(ImportError) {
      try SAELensConfig.checkKeys(
        ConfigReader(object: object), accepted: accepted, ignoring: [])
      guard let factor = object["scaling_factor"]?.asDouble, factor.isFinite, factor > 0 else {
        throw ConfigReader(object: object).mismatch(
          "scaling_factor", "a positive finite number")
      }
      return factor
    } catch {
      throw ImportError(error.reason, path: path)
    }
  }

  /// Covariance whitening z = (x − mean) M is affine on both sides, so it is absorbed by the weights.
  private static func foldWhitening(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig, folder: String,
    kernels: Kernels
  ) throws(ImportError) {
    let path = folder + "/" + whiteningName
    guard parts.kind == .autoencoder else {
      throw ImportError(
        .refused(
          what: "normalize_activations 'covariance_whitening'",
          why: "a transcoder's output is not whitened by its input's covariance",
          advice: "use another dictionary"))
    }
    guard config.pursuit == nil else {
      throw ImportError(
        .refused(
          what: "normalize_activations 'covariance_whitening' with a matching pursuit",
          why: "whitening cannot be folded into an encoder that is the decoder",
          advice: "use another dictionary"))
    }
    guard try DictionaryImporter.exists(path) else {
      throw ImportError(
        .refused(
          what: "normalize_activations 'covariance_whitening'",
          why: "the whitening matrices are not in the folder (no \(whiteningName))",
          advice: "copy \(whiteningName) from the training run, or export with SAELens'"
            + " save_inference_model, which folds it"))
    }
    let fold: WhiteningFold
    do throws(FormatError) {
      let file = try SafetensorsFile.open(path)
      fold = try WhiteningFold(file, width: config.inputWidth, kernels: kernels)
    } catch {
      throw ImportError(.format(error), path: error.path ?? path)
    }
    do throws(ImportError) {
      try fold.apply(to: &parts, kernels: kernels)
    } catch {
      throw ImportError(error.reason, path: path)
    }
    parts.files.append(path)
    config.ledger.append(
      LedgerEntry(
        "activation units", "whitening was folded into encoder, decoder and biases; rows as given",
        source: .config(key: "normalize_activations")))
  }
}
