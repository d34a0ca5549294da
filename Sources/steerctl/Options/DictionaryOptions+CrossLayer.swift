import Importers
import SAE
import Steering

extension DictionaryOptions {
  /// Opens the cross-layer transcoder at `path`, else `--sae`; nil where the files are something else.
  func openCrossLayer(_ path: String? = nil) throws(SteeringError) -> CrossLayerTranscoder? {
    let place = try location(path)
    // Files in no known layout are for the caller to open, and to complain about.
    let format = importOptions.format ?? (try? DictionaryImporter.format(of: place))
    guard format?.isCrossLayer == true else { return nil }
    return try CrossLayerTranscoder.open(
      place, options: importOptions, kernels: try KernelChoice.current())
  }

  /// Opens the dictionary, or the encoder of one layer of a cross-layer transcoder.
  func open(encoderOfLayer layer: Int?) throws(SteeringError) -> SparseDictionary {
    guard let transcoder = try openCrossLayer() else {
      guard let layer else { return try open() }
      throw SteeringError(
        .invalidArgument,
        "--layer is \(layer), and \(try location()) is no cross-layer transcoder; expected no --layer"
      )
    }
    let accepted = "0 to \(transcoder.layerCount - 1)"
    guard let layer else {
      throw SteeringError(
        .invalidArgument,
        "a cross-layer transcoder encodes layer by layer, expected --layer \(accepted)")
    }
    guard (0..<transcoder.layerCount).contains(layer) else {
      throw SteeringError(.invalidArgument, "--layer is \(layer), expected \(accepted)")
    }
    return transcoder.encoders[layer]
  }
}
