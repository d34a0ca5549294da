import SAE
import Tensors

/// Two linear layers with a ReLU between them, whose layer is only in the file's name.
enum LinearPair {
  /// Reads the file called `name`: f = ReLU(E x + encoderBias), x̂ = D f + decoderBias.
  ///
  /// A name that ends in `-lN`, as in `…-SAE-l19.pt`, declares the output of block N.
  static func read(
    _ source: DictionarySource, _ name: String, _ arrays: DenseLayout, format: DictionaryFormat,
    options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let path = source.path(of: name)
    let state = try TorchState(try source.torch(name), path: path)
    let weights = WeightReader(
      tensors: state.tensors, architecture: format.rawValue, kernels: kernels)
    do throws(ImportError) {
      try weights.checkNames(needed: arrays.names)
      try state.checkValues(beside: arrays.names, ignoring: options.ignoredConfigKeys)
      var parts = try arrays.read(weights, name: source.name)
      parts.ledger += [
        .architecture("relu"), .decoderBias(isSubtracted: false), .unscaledUnits,
      ]
      let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
      if let layer = LayerName.number(atEndOf: stem, after: "-l") {
        parts.input = Tap(hook: "blocks.\(layer).hook_resid_post")
        parts.output = parts.input
        parts.ledger.append(.layer(layer, fileName: name))
      }
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }
}
