import Formats
import SAE
import Tensors

/// The tensors of one SAELens weights file, checked against the configuration as they are asked for.
struct SAELensWeights {
  static let finetuningScale = "scaling_factor"
  private static let trainingTensors = ["topk_threshold", "log_threshold"]

  let reader: WeightReader
  let config: SAELensConfig

  init(_ tensors: TensorCollection, config: SAELensConfig, kernels: Kernels) {
    reader = WeightReader(
      tensors: tensors, architecture: config.architecture.rawValue, kernels: kernels)
    self.config = config
  }

  var path: String { reader.path }
  var paths: [String] { reader.tensors.paths }

  func has(_ name: String) -> Bool { reader.has(name) }

  /// Throws unless the file holds exactly the tensors of the architecture.
  func checkNames() throws(ImportError) {
    for name in Self.trainingTensors where has(name) {
      throw ImportError(
        .refused(
          what: "tensor '\(name)'",
          why: "only raw training checkpoints have it: their scale is not folded in",
          advice: "export with SAELens' save_inference_model"),
        path: reader.path(of: name))
    }
    try reader.checkNames(
      needed: config.architecture.tensorNames,
      optional: config.architecture == .matchingPursuit ? [] : [Self.finetuningScale])
  }

  /// A matrix in its stored type, with a ledger note where that is not what the configuration says.
  func matrix(
    _ name: String, _ shape: [Int], from keys: String
  ) throws(ImportError) -> (matrix: RowMatrix, notes: [LedgerEntry]) {
    let found = try reader.matrix(name, shape, from: "config \(keys)")
    guard found.notes.isEmpty, found.matrix.elementType == .f32,
      config.type == "bfloat16" || config.type == "float16"
    else { return found }
    return (
      found.matrix,
      [
        LedgerEntry(
          name, "stored as F32 and used so, although cfg 'dtype' is \(config.type)",
          source: .formatRule)
      ]
    )
  }

  /// A vector as f32.
  func vector(
    _ name: String, _ count: Int, from key: String
  ) throws(ImportError) -> [Float] {
    try reader.vector(name, count, from: "config \(key)")
  }
}
