import Formats
import SAE
import Tensors

/// Where llamascopium keeps weights: several names and containers, in the library's own order.
enum LlamascopiumWeights {
  static let stems = ["sae_weights", "checkpoints/pruned", "checkpoints/final"]
  static let thresholdName = "activation_function.log_jumprelu_threshold"
  static let normPrefix = "dataset_average_activation_norm."

  /// The file that the library would read; nil when there is none.
  static func name(_ source: DictionarySource) throws(ImportError) -> String? {
    if let file = source.file { return file }
    for stem in stems {
      for suffix in [".safetensors", ".pt", ".dcp"] where try source.has(stem + suffix) {
        return stem + suffix
      }
    }
    return nil
  }

  /// The tensors, whatever their container.
  static func read(_ source: DictionarySource) throws(ImportError) -> TensorCollection {
    guard let name = try name(source) else {
      throw ImportError(
        .unknownLayout(found: source.summary, accepted: stems.map { $0 + ".safetensors or .pt" }),
        path: source.path)
    }
    if name.hasSuffix(".dcp") {
      throw ImportError(
        .refused(
          what: "a distributed checkpoint", why: "its tensors are spread over the files of a run",
          advice: "load it in llamascopium and call save_pretrained, which writes"
            + " sae_weights.safetensors"), path: source.path(of: name))
    }
    guard name.hasSuffix(".pt") else { return try source.safetensors(name) }
    let path = source.path(of: name)
    do throws(FormatError) {
      let root = try TorchFile.open(path).root
      guard let state = root["sae"] else {
        throw FormatError(.tensorMissing(name: "sae", available: []), path: path)
      }
      return try state.tensors(path: path)
    } catch {
      throw ImportError(.format(error), path: error.path ?? path)
    }
  }

  /// The average norm of rows at a place; nil where the file has none.
  static func norm(
    at hook: String, _ weights: WeightReader
  ) throws(ImportError) -> Double? {
    let name = normPrefix + hook
    guard weights.has(name) else { return nil }
    let norm = try weights.scalar(name)
    guard norm > 0 else {
      throw ImportError(
        .value(key: name, found: "\(norm)", expected: "a positive finite number"),
        path: weights.path(of: name))
    }
    return norm
  }

  /// θ = exp of the stored logarithms, all finite.
  static func thresholds(
    _ logarithms: [Float], _ name: String = thresholdName
  ) throws(ImportError) -> [Float] {
    let thresholds = logarithms.map { Exponential.of($0) }
    if let feature = thresholds.firstIndex(where: { !$0.isFinite }) {
      throw ImportError(
        .value(
          key: "\(name)[\(feature)]", found: "\(logarithms[feature])",
          expected: "a number whose exponential is finite"))
    }
    return thresholds
  }
}
