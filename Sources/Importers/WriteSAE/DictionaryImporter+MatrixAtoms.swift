import Formats
import SAE
import Tensors

extension DictionaryImporter {
  /// Opens WriteSAE's arrays in the safetensors file at `path`, or in the only one of the folder.
  ///
  /// `k` is the caller's, else that of the file's metadata; `decodingAddsMean` is the caller's where the
  /// file holds a mean.
  package static func openMatrixAtoms(
    _ path: String, k: Int?, decodingAddsMean: Bool?, kernels: Kernels = .best
  ) throws(ImportError) -> MatrixAtomDictionary {
    let source = try DictionarySource(path)
    let name = try source.requireName(
      endingIn: [".safetensors"], "a safetensors file with \(MatrixAtomFile.needed[0]) (WriteSAE)")
    let parts = try ImportError.located(at: source.path(of: name)) { () throws(ImportError) in
      try MatrixAtomFile.parts(
        source, name, k: k, decodingAddsMean: decodingAddsMean, kernels: kernels)
    }
    do throws(DictionaryError) {
      return try MatrixAtomDictionary(parts, kernels: kernels)
    } catch {
      throw ImportError(.dictionary(error), path: source.path(of: name))
    }
  }
}

/// WriteSAE's names and shapes (Young 2026, arXiv:2605.12770): facts and decisions in
/// `docs/architectures/matrix-atoms.md`.
enum MatrixAtomFile {
  static let needed = ["V_enc", "W_enc", "V_dec", "W_dec", "b_enc", "bias"]
  static let mean = "mean"
  static let metadataKey = "k"

  static func parts(
    _ source: DictionarySource, _ name: String, k: Int?, decodingAddsMean: Bool?,
    kernels: Kernels
  ) throws(ImportError) -> MatrixAtomDictionary.Parts {
    let weights = WeightReader(
      tensors: try source.safetensors(name), architecture: "matrix atoms", kernels: kernels)
    try weights.checkNames(needed: needed, optional: [mean])
    let keys = try shape(of: "V_enc", weights)
    let values = try shape(of: "W_enc", weights)
    let state = [keys[2], values[2]]
    let hasMean = weights.has(mean)
    guard hasMean == (decodingAddsMean != nil) else {
      throw ImportError(
        .value(
          key: "decodingAddsMean", found: decodingAddsMean.map { "\($0)" } ?? "not given",
          expected: hasMean
            ? "true or false: the file has a mean and does not say whether decoding adds it"
            : "nothing: the file has no mean"))
    }
    let (count, countSource) = try self.count(k, source.path(of: name))
    let (n, rank) = (keys[0], keys[1])
    let from = "the shape of V_enc"
    var parts = MatrixAtomDictionary.Parts(
      name: source.name, keyEncoder: try weights.tensor("V_enc", keys, from: from),
      valueEncoder: try weights.tensor("W_enc", [n, rank, values[2]], from: from),
      keyDecoder: try weights.tensor("V_dec", keys, from: from),
      valueDecoder: try weights.tensor("W_dec", values, from: "the shape of W_enc"),
      encoderBias: try weights.tensor("b_enc", [n], from: from),
      bias: try weights.tensor("bias", state, from: "the shapes of V_enc and W_enc"),
      mean: hasMean
        ? try weights.tensor(mean, state, from: "the shapes of V_enc and W_enc") : nil,
      decodingAddsMean: decodingAddsMean ?? false, k: count)
    parts.files = [source.path(of: name)]
    parts.ledger = [
      LedgerEntry(
        "selection", "the k = \(count) largest, then ReLU; ties go to the lower atom",
        source: countSource),
      LedgerEntry(
        "mean",
        hasMean
          ? "subtracted before encoding, "
            + (decodingAddsMean == true ? "added after decoding" : "not added after decoding")
          : "none",
        source: hasMean ? .option("decodingAddsMean") : .measured),
    ]
    return parts
  }

  private static func shape(
    of name: String, _ weights: WeightReader
  ) throws(ImportError) -> [Int] {
    let shape = weights.tensors[name]?.shape ?? []
    guard shape.count == 3, shape.allSatisfy({ $0 > 0 }) else {
      throw ImportError(
        .value(key: name, found: "shape \(shape)", expected: "[atoms, rank, width], none of them 0")
      )
    }
    return shape
  }

  /// The caller's k, else that of the file's metadata.
  private static func count(
    _ given: Int?, _ path: String
  ) throws(ImportError) -> (Int, LedgerEntry.Source) {
    if let given { return (given, .option("k")) }
    let metadata: [(key: String, value: String)]
    do throws(FormatError) {
      metadata = try SafetensorsFile.open(path).metadata
    } catch {
      throw ImportError(.format(error), path: path)
    }
    guard let text = metadata.first(where: { $0.key == metadataKey })?.value else {
      throw ImportError(
        .missingKey(key: metadataKey, expected: "it in the file's metadata, or given by the caller")
      )
    }
    guard let k = Int(text) else {
      throw ImportError(.value(key: metadataKey, found: text, expected: "an integer"))
    }
    return (k, .config(key: metadataKey))
  }
}
