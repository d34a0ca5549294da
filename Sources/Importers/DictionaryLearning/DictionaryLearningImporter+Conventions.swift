import Formats
import SAE
import Tensors

extension DictionaryLearningImporter {
  /// The declared class, or, where its tensors are not there, the caller's whose tensors they are.
  ///
  /// Trainers of the library write class names by hand, some of them another's.
  static func confirm(
    _ declared: DictionaryLearningClass, _ config: inout DictionaryLearningConfig,
    _ state: TorchState, _ options: ImportOptions
  ) throws(ImportError) -> DictionaryLearningClass {
    let fitting = DictionaryLearningClass.fitting(state.names)
    let isThere = fitting.contains(declared)
    if let given = options.architecture, given != declared.rawValue {
      guard !isThere, let other = fitting.first(where: { $0.rawValue == given }) else {
        throw ImportError(
          .value(
            key: "architecture", found: "\"\(given)\"",
            expected: "\"\(declared.rawValue)\", as the configuration's 'dict_class' says"))
      }
      config.ledger.removeAll { $0.subject == "architecture" }
      config.ledger.append(
        .architecture(
          "\(given), whose tensors these are; 'dict_class' says '\(declared.rawValue)'",
          source: .option("architecture \(given)")))
      return other
    }
    // A file that only lacks a tensor of its class fits others as well: that tensor is named later.
    let known = Set(declared.neededNames + declared.optionalNames)
    guard options.architecture == nil, !isThere, !fitting.isEmpty,
      !known.isSuperset(of: state.names)
    else { return declared }
    let names = fitting.map(\.rawValue).joined(separator: " or ")
    throw ImportError(
      .value(
        key: "dict_class", found: "\"\(declared.rawValue)\" beside the tensors of \(names)",
        expected: "the tensors of that class; pass --architecture \(names) to read it as what the"
          + " tensors are"))
  }

  static func threshold(_ weights: WeightReader) throws(ImportError) -> Float {
    let value = try weights.scalar("threshold")
    guard value >= 0 else {
      throw ImportError(
        .refused(
          what: "threshold \(Float(value))",
          why: "it was never set, so that every positive value would be active",
          advice: "train beyond 'threshold_start_step', or set it"))
    }
    return Float(value)
  }

  /// The sizes of the nested dictionaries, from those of the groups that each adds.
  static func prefixes(
    _ weights: WeightReader, _ n: Int, _ ledger: inout [LedgerEntry]
  ) throws(ImportError) -> [Int] {
    guard let tensor = weights.tensors["group_sizes"], tensor.shape.count == 1,
      let sizes = tensor.integers(), !sizes.isEmpty
    else {
      throw ImportError(
        .value(
          key: "group_sizes", found: "no vector of integers", expected: "a vector of integers"))
    }
    guard sizes.count <= SparseDictionary.prefixLimit else {
      throw ImportError(
        .value(
          key: "group_sizes", found: "\(sizes.count) sizes",
          expected: "at most \(SparseDictionary.prefixLimit)"))
    }
    var prefixes: [Int] = []
    var count = 0
    for size in sizes {
      guard size > 0, size <= n - count else {
        throw ImportError(
          .value(
            key: "group_sizes", found: "\(sizes)",
            expected: "positive sizes that add up to \(n), the number of features"))
      }
      count += size
      prefixes.append(count)
    }
    guard count == n else {
      throw ImportError(
        .value(
          key: "group_sizes", found: "\(sizes)",
          expected: "positive sizes that add up to \(n), the number of features"))
    }
    ledger.append(
      LedgerEntry(
        "prefixes", "all \(sizes.count) groups are active; each prefix decodes on its own",
        source: .formatRule))
    return prefixes
  }

  /// Takes decoder rows as stored, or divided by their norms as the library's loader leaves them.
  ///
  /// Dᵢ/‖Dᵢ‖ beside encoder row and bias times ‖Dᵢ‖ is the same function, activations times ‖Dᵢ‖.
  /// Only the loader of `AutoEncoder` does that.
  static func chooseUnits(
    _ one: DictionaryLearningClass, _ parts: inout SparseDictionary.Parts,
    _ units: ImportOptions.ActivationUnits?, _ kernels: Kernels
  ) throws(ImportError) {
    guard one == .autoEncoder || one == .autoEncoderNew else {
      return try refuse(units, of: one)
    }
    let norms = parts.decoder.norms(kernels)
    let (least, most) = (norms.min() ?? 0, norms.max() ?? 0)
    // The library's own test for "all ones" (torch.allclose).
    let isUnit = norms.allSatisfy { abs($0 - 1) <= 1e-5 + 1e-8 }
    if one == .autoEncoderNew { try refuse(units, of: one) }
    if units == .normalised, !isUnit {
      guard let row = norms.firstIndex(where: { !($0 > 0 && $0.isFinite) }) else {
        return try divideRows(by: norms, &parts, kernels)
      }
      throw ImportError(
        .value(
          key: "decoder.weight", found: "norm \(Float(norms[row])) of column \(row)",
          expected: "positive norms, by which activation units 'normalised' divide"))
    }
    parts.ledger.append(
      LedgerEntry(
        "decoder rows",
        isUnit
          ? "of norm 1"
          : "as stored, of norm \(Float(least)) to \(Float(most)); the library's loader would divide"
            + " them by it and multiply activations",
        source: .measured))
  }

  private static func refuse(
    _ units: ImportOptions.ActivationUnits?, of one: DictionaryLearningClass
  ) throws(ImportError) {
    guard units != nil else { return }
    throw ImportError(
      .refused(
        what: "activation units for class '\(one.rawValue)'",
        why: "only the library's loader of AutoEncoder changes them",
        advice: "leave the option out"))
  }

  private static func divideRows(
    by norms: [Double], _ parts: inout SparseDictionary.Parts, _ kernels: Kernels
  ) throws(ImportError) {
    let rows: FeatureRows
    do throws(DictionaryError) {
      rows = try parts.encoder.featureMajor(kernels)
    } catch {
      throw ImportError(.dictionary(error))
    }
    let width = parts.decoder.width
    var encoder: [Float] = []
    var decoder: [Float] = []
    encoder.reserveCapacity(norms.count * width)
    decoder.reserveCapacity(norms.count * width)
    for (feature, norm) in norms.enumerated() {
      encoder += rows.values(ofRow: feature, kernels).map { Float(Double($0) * norm) }
      decoder += parts.decoder.values(ofRow: feature, kernels).map { Float(Double($0) / norm) }
      parts.encoderBias[feature] = Float(Double(parts.encoderBias[feature]) * norm)
    }
    parts.encoder = EncoderMatrix(
      RowMatrix(rowCount: norms.count, width: width, values: encoder), layout: .featureMajor)
    parts.decoder = .dense(RowMatrix(rowCount: norms.count, width: width, values: decoder))
    parts.ledger.append(
      LedgerEntry(
        "decoder rows",
        "divided by their norms, encoder rows and biases multiplied by them, as the library's loader"
          + " does: activations are times ‖Dᵢ‖", source: .option("activation units normalised")))
  }

  /// Takes the biases of a checkpoint to the units of the rows, as the library does when it ends.
  static func fold(
    _ file: DictionaryLearningFile, _ parts: inout SparseDictionary.Parts,
    _ options: ImportOptions
  ) throws(ImportError) {
    guard let factor = file.normFactor else {
      guard options.activationScale == .fromFiles else {
        throw ImportError(
          .refused(
            what: "an activation scale for a file without 'norm_factor'",
            why: "its biases are in the units of the rows", advice: "leave the option out"))
      }
      parts.ledger.append(.unscaledUnits)
      return
    }
    let source = LedgerEntry.Source.config(key: "norm_factor")
    switch options.activationScale {
    case .factor:
      throw ImportError(
        .refused(
          what: "an activation scale for a checkpoint with 'norm_factor'",
          why: "the file holds the factor", advice: "leave the option out"))
    case .alreadyApplied:
      parts.ledger.append(
        LedgerEntry(
          "activation units", "those of rows that are divided by \(Float(factor)) already",
          source: .option("rows already scaled")))
    case .fromFiles:
      parts.scaleBiases(by: factor)
      parts.ledger.append(
        LedgerEntry(
          "activation units",
          "those of the rows as given: biases and thresholds multiplied by \(Float(factor))",
          source: source))
    }
  }
}
