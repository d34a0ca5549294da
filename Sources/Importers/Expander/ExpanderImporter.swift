import Formats
import SAE
import Tensors

/// Reads expander autoencoders: `checkpoint.pt` with a mask, beside `config.json`.
///
/// With V = `decoder_vals` and M = `mask`, both `[width, features]`, D is (V ∘ M)ᵀ with each row divided
/// by its norm, and the encoder is D itself. Source: arXiv:2607.01799 and its repository. Facts and
/// decisions, each with the vector that pins it: `docs/importers/expander.md`.
enum ExpanderImporter: SingleLayerImporter {
  static let format = DictionaryFormat.expander
  static let layout = "a .pt file with mask and decoder_vals (expander)"
  static let suffixes = [".pt"]
  static let tensorNames = ["mask", "decoder_vals", "b_dec", "b_enc"]
  /// Every name that the files may hold.
  static var acceptedNames: [String] { tensorNames + ExpanderConfig.keys }

  /// The floor under the norms, as the publisher has it.
  private static let leastNorm = 1e-8

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = source.mainName(endingIn: suffixes) else { return false }
    let root = try source.torch(name)
    return root["mask"] != nil && root["decoder_vals"] != nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.k], in: format)
    let name = try source.requireName(endingIn: suffixes, layout)
    let path = source.path(of: name)
    var files = [path]
    var config = ExpanderConfig()
    if try source.hasBeside(ExpanderConfig.fileName) {
      let configPath = source.path(of: ExpanderConfig.fileName)
      files.append(configPath)
      do throws(ImportError) {
        config = try ExpanderConfig(
          try source.json(ExpanderConfig.fileName), ignoring: options.ignoredConfigKeys)
      } catch {
        throw ImportError(error.reason, path: error.path ?? configPath)
      }
    }
    do throws(ImportError) {
      let state = try TorchState(try source.torch(name), path: path)
      var parts = try read(state, config, name: source.name, options, kernels)
      parts.files = files
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }

  private static func read(
    _ state: TorchState, _ config: ExpanderConfig, name: String, _ options: ImportOptions,
    _ kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let weights = WeightReader(
      tensors: state.tensors, architecture: format.rawValue, kernels: kernels)
    try weights.checkNames(needed: tensorNames)
    try state.checkValues(beside: tensorNames, ignoring: options.ignoredConfigKeys)
    let n = try weights.length(of: "b_enc")
    let width = try weights.length(of: "b_dec")
    try check(config.width, width, "d_model")
    try check(config.featureCount, n, "n_latents")
    let source = "the lengths of 'b_dec' and 'b_enc'"
    let mask = try weights.matrix("mask", [width, n], from: source)
    let values = try weights.matrix("decoder_vals", [width, n], from: source)
    let matrix = try expander(
      mask: mask.matrix.transposed(kernels), values: values.matrix.transposed(kernels),
      declaredDegree: config.degree, kernels)
    let (k, kSource) = try k(config, options, n)
    var parts = SparseDictionary.Parts(
      name: name, encoder: EncoderMatrix(matrix), decoder: .expander(matrix),
      encoderBias: try weights.vector("b_enc", n, from: source),
      decoderBias: try weights.vector("b_dec", width, from: source),
      activation: .signedTopK(k: k))
    parts.subtractsDecoderBias = true
    parts.ledger =
      [
        .architecture("expander"),
        LedgerEntry(
          "decoder",
          "\(matrix.degree) weights per feature, of norm 1; the encoder is the same matrix",
          source: .measured),
        LedgerEntry("k", "\(k)", source: kSource),
        LedgerEntry(
          "selection", "the k largest pre-activations, sign kept; ties go to the lower index",
          source: .formatRule),
        .decoderBias(isSubtracted: true), .unscaledUnits,
      ] + mask.notes + values.notes
    return parts
  }

  private static func k(
    _ config: ExpanderConfig, _ options: ImportOptions, _ n: Int
  ) throws(ImportError) -> (Int, LedgerEntry.Source) {
    if let declared = config.k, let given = options.k, declared != given {
      throw ImportError(
        .value(
          key: "k", found: "\(given)", expected: "\(declared), as 'k' in config.json says"))
    }
    guard let k = config.k ?? options.k else {
      throw ImportError(
        .missingKey(key: "k", expected: "'k' in config.json beside the file, or the option k"))
    }
    guard (1...n).contains(k) else {
      throw ImportError(
        .value(key: "k", found: "\(k)", expected: "1 to \(n), the number of features"))
    }
    return (k, config.k != nil ? .config(key: "k") : .option("k \(k)"))
  }

  private static func check(
    _ declared: Int?, _ found: Int, _ key: String
  ) throws(ImportError) {
    guard let declared, declared != found else { return }
    throw ImportError(
      .value(
        key: key, found: "\(declared)", expected: "\(found), as the tensors' shapes say"))
  }

  /// The weights under the mask, feature by feature, divided by their norm.
  ///
  /// `mask` and `values` are `[features, width]`.
  private static func expander(
    mask: RowMatrix, values: RowMatrix, declaredDegree: Int?, _ kernels: Kernels
  ) throws(ImportError) -> ExpanderMatrix {
    let (n, width) = (mask.rowCount, mask.width)
    var degree = declaredDegree
    var kept: [Float] = []
    var columns: [UInt32] = []
    for feature in 0..<n {
      let places = try places(mask.values(ofRow: feature, kernels), feature)
      guard !places.isEmpty, places.count == degree ?? places.count else {
        throw ImportError(
          .value(
            key: "mask[:, \(feature)]", found: "\(places.count) ones",
            expected: degree.map { "\($0), as every other column" } ?? "at least one"))
      }
      degree = places.count
      let row = values.values(ofRow: feature, kernels)
      for place in places where !row[place].isFinite {
        throw ImportError(
          .dictionary(
            DictionaryError(
              .nonFiniteWeight(tensor: "decoder_vals", row: place, column: feature))))
      }
      let squares = places.reduce(0.0) { $0 + Double(row[$1]) * Double(row[$1]) }
      let norm = max(squares.squareRoot(), leastNorm)
      kept += places.map { Float(Double(row[$0]) / norm) }
      columns += places.map { UInt32($0) }
    }
    let shape = [n, degree ?? 0]
    let isNarrow = width <= 1 << 16
    let indices = Tensor(
      isNarrow ? .u16 : .u32, shape: shape,
      storage: isNarrow
        ? Storage(copying: columns.map { UInt16($0) }) : Storage(copying: columns))
    do throws(DictionaryError) {
      return try ExpanderMatrix(
        rowCount: n, width: width, degree: shape[1],
        values: RowMatrix(rowCount: n, width: shape[1], values: kept), indices: indices)
    } catch {
      throw ImportError(.dictionary(error))
    }
  }

  /// Where a column of the mask is 1; all else must be 0.
  private static func places(_ mask: [Float], _ feature: Int) throws(ImportError) -> [Int] {
    var places: [Int] = []
    for (place, value) in mask.enumerated() {
      if value == 1 {
        places.append(place)
      } else if value != 0 {
        throw ImportError(
          .value(
            key: "mask[\(place), \(feature)]", found: "\(value)", expected: "0 or 1"))
      }
    }
    return places
  }
}
