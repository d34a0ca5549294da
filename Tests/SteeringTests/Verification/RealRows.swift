import Foundation
import SAE
import Steering
import Tensors

/// The bundled dictionary, real rows of two layers, and ways to load the dictionary wrong.
enum RealRows {
  private static let checkout = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../..").standardized.path
  private static let rows = checkout + "/vectors/verify/gemma-3-270m-layers"
  static let layer09 = rows + "/layer09.safetensors"
  static let layer12 = rows + "/layer12.safetensors"

  static func dictionary() throws -> SparseDictionary {
    try SparseDictionary.open(checkout + "/default/gemma-3-270m-layer12-topk32-4096")
  }

  /// The parts of the dictionary, to be changed.
  static func parts() throws -> SparseDictionary.Parts {
    SparseDictionary.Parts(try dictionary())
  }

  /// 1 / the median norm of decoder rows: the factor that was folded into the weights.
  static let scale: Float = 1 / 230.64

  /// The weights as they were before the factor was folded in: for rows multiplied by ``scale``.
  static func unfolded() throws -> SparseDictionary.Parts {
    var parts = try parts()
    parts.encoder = EncoderMatrix(
      scaled(parts.encoder.stored, by: 1 / scale), layout: parts.encoder.layout)
    parts.decoder = .dense(scaled(parts.decoder, by: scale))
    parts.decoderBias = parts.decoderBias.map { $0 * scale }
    return parts
  }

  /// As many features as a row has columns, those that fire most often.
  static func square() throws -> SparseDictionary.Parts {
    var parts = try parts()
    let width = parts.encoder.modelWidth
    let kept = try frequent(width)
    parts.encoder = EncoderMatrix(
      dense(try parts.encoder.rows(of: kept, .best)), layout: .featureMajor)
    parts.decoder = parts.decoder.gathering(kept, .best)
    parts.encoderBias = kept.map { parts.encoderBias[$0] }
    return parts
  }

  /// The `count` features that fire on most rows, ascending.
  private static func frequent(_ count: Int) throws -> [Int] {
    let dictionary = try dictionary()
    let codes = try ActivationEncoding(Activations(layer12), with: dictionary).codes
    var firing = [Int](repeating: 0, count: dictionary.featureCount)
    for index in codes.indices { firing[Int(index)] += 1 }
    let ranked = firing.indices.sorted { (-firing[$0], $0) < (-firing[$1], $1) }
    return ranked.prefix(count).sorted()
  }

  /// Llama Scope's form: weights for scaled rows, one threshold for all, in scaled units.
  static func llamaScope(threshold: Float) throws -> SparseDictionary.Parts {
    var parts = try unfolded()
    parts.normalisation = .constantFactor(scale)
    parts.activation = .jumpReLU(
      threshold: Array(repeating: threshold, count: parts.encoder.featureCount))
    return parts
  }

  /// The threshold in scaled units at which about 32 features are active.
  static let threshold: Float = 1.6554

  private static func dense(_ rows: FeatureRows) -> RowMatrix {
    guard case .dense(let matrix) = rows else { fatalError("the bundle is dense") }
    return matrix
  }

  static func scaled(_ matrix: FeatureRows, by factor: Float) -> RowMatrix {
    RowMatrix(
      rowCount: matrix.rowCount, width: matrix.width,
      values: (0..<matrix.rowCount).flatMap { row in
        matrix.values(ofRow: row, .best).map { $0 * factor }
      })
  }

  static func verify(
    _ parts: SparseDictionary.Parts, on path: String = layer12, neighbours: [String] = [],
    _ options: Verification.Options = .init()
  ) throws -> Verification {
    try Verification(
      try SparseDictionary(parts), on: try Activations(path),
      neighbours: try neighbours.map { try Activations($0) }, options: options)
  }
}
