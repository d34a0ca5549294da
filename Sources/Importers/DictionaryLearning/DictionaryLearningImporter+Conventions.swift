import Formats
import SAE
import Tensors

extension DictionaryLearningImporter {
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

  /// The library's loader divides decoder rows of other norms than 1 by them, which changes no
  /// reconstruction and multiplies activations; here the file is taken as it is.
  static func decoderNorms(
    _ parts: SparseDictionary.Parts, _ kernels: Kernels
  ) -> LedgerEntry {
    let norms = (0..<parts.decoder.rowCount).map { parts.decoder.norm(ofRow: $0, kernels) }
    let (least, most) = (norms.min() ?? 0, norms.max() ?? 0)
    // The library's own test for "all ones" (torch.allclose).
    let isUnit = norms.allSatisfy { abs($0 - 1) <= 1e-5 + 1e-8 }
    return LedgerEntry(
      "decoder rows",
      isUnit
        ? "of norm 1"
        : "as stored, of norm \(Float(least)) to \(Float(most)); the library's loader would divide"
          + " them by it and multiply activations",
      source: .measured)
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
