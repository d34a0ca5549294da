import Formats
import SAE
import Tensors

/// The four arrays that nearly every publisher has, under its names and in its orientation.
struct DenseLayout {
  /// How a publisher stores a matrix of feature vectors.
  enum Orientation {
    /// `[features, width]`.
    case featureMajor
    /// `[width, features]`.
    case modelMajor
  }

  var encoder: String
  var encoderOrientation: Orientation
  var decoder: String
  var decoderOrientation: Orientation
  var encoderBias: String
  var decoderBias: String
  /// Whether rows are read at one place and written at another, which may be as wide as it likes.
  var isTranscoder = false

  /// The names of the arrays, matrices first.
  var names: [String] { [encoder, decoder, encoderBias, decoderBias] }

  /// Whether both matrices have the shapes that the lengths of the biases give them here.
  ///
  /// False as well where one of the four is missing.
  func fits(_ tensors: TensorCollection) -> Bool {
    guard let encoderShape = tensors[encoder]?.shape, let decoderShape = tensors[decoder]?.shape,
      let n = tensors[encoderBias]?.shape, n.count == 1,
      let d = tensors[decoderBias]?.shape, d.count == 1
    else { return false }
    return encoderShape == shape(encoderOrientation, n[0], d[0])
      && decoderShape == shape(decoderOrientation, n[0], d[0])
  }

  /// Reads the arrays, the sizes from the lengths of the biases; the activation is still ReLU.
  ///
  /// Both matrices stay in the file's mapping, in either orientation.
  func read(_ weights: WeightReader, name: String) throws(ImportError) -> SparseDictionary.Parts {
    let n = try weights.length(of: encoderBias)
    let outputWidth = try weights.length(of: decoderBias)
    let source = "the lengths of '\(encoderBias)' and '\(decoderBias)'"
    let inputWidth =
      isTranscoder ? try width(ofEncoder: weights, fallback: outputWidth) : outputWidth
    let read = try weights.matrix(
      encoder, shape(encoderOrientation, n, inputWidth), from: source)
    let written = try weights.matrix(
      decoder, shape(decoderOrientation, n, outputWidth), from: source)
    var parts = SparseDictionary.Parts(
      name: name,
      encoder: EncoderMatrix(
        read.matrix, layout: encoderOrientation == .featureMajor ? .featureMajor : .modelMajor),
      decoder: decoderOrientation == .featureMajor
        ? .dense(written.matrix) : .turned(TurnedMatrix(written.matrix)),
      encoderBias: try weights.vector(encoderBias, n, from: source),
      decoderBias: try weights.vector(decoderBias, outputWidth, from: source), activation: .relu)
    parts.ledger = read.notes + written.notes
    parts.files = weights.tensors.paths
    return parts
  }

  /// A transcoder's input may have another width than its output: the encoder says which.
  private func width(
    ofEncoder weights: WeightReader, fallback: Int
  ) throws(ImportError) -> Int {
    guard let shape = weights.tensors[encoder]?.shape, shape.count == 2 else { return fallback }
    return encoderOrientation == .featureMajor ? shape[1] : shape[0]
  }

  private func shape(_ orientation: Orientation, _ n: Int, _ width: Int) -> [Int] {
    orientation == .featureMajor ? [n, width] : [width, n]
  }
}
