import Importers
import SAE
import Steering

extension DictionaryOptions {
  /// Opens the cross-layer transcoder at `path`, else `--sae`; nil where the files are something else.
  func openCrossLayer(_ path: String? = nil) throws(SteeringError) -> CrossLayerTranscoder? {
    let place = try reading.location(path)
    // Files in no known layout are for the caller to open, and to complain about.
    let format = reading.format ?? (try? DictionaryImporter.format(of: place))
    guard format?.isCrossLayer == true else { return nil }
    return try CrossLayerTranscoder.open(
      place, options: reading.importOptions(layer: nil), kernels: try KernelChoice.current())
  }

  /// Opens the dictionary, or the encoder of the asked layer of a cross-layer transcoder.
  func openEncoder() throws(SteeringError) -> (dictionary: SparseDictionary, isCrossLayer: Bool) {
    guard let transcoder = try openCrossLayer() else { return (try open(), false) }
    let accepted = "0 to \(transcoder.layerCount - 1)"
    guard let layer else {
      throw SteeringError(
        .invalidArgument,
        "a cross-layer transcoder encodes layer by layer, expected --layer \(accepted)")
    }
    guard (0..<transcoder.layerCount).contains(layer) else {
      throw SteeringError(.invalidArgument, "--layer is \(layer), expected \(accepted)")
    }
    return (transcoder.encoders[layer], true)
  }
}
