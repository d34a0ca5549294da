import Formats
import SAE
import Tensors

/// The tensors of one SAELens weights file, checked against the configuration as they are asked for.
struct SAELensWeights {
  static let finetuningScale = "scaling_factor"
  private static let trainingTensors = ["topk_threshold", "log_threshold"]
  private static let accepted: [ElementType] = [.f32, .bf16, .f16, .f64]

  let files: TensorCollection
  let config: SAELensConfig
  let kernels: Kernels

  var path: String { files.paths.first ?? "" }

  /// The file that holds a tensor.
  private func path(of name: String) -> String {
    files.path(of: name) ?? path
  }

  var paths: [String] { files.paths }

  func has(_ name: String) -> Bool { files[name] != nil }

  /// Throws unless the file holds exactly the tensors of the architecture.
  func checkNames() throws(ImportError) {
    let architecture = config.architecture
    let names = files.names
    for name in Self.trainingTensors where names.contains(name) {
      throw ImportError(
        .refused(
          what: "tensor '\(name)'",
          why: "only raw training checkpoints have it: their scale is not folded in",
          advice: "export with SAELens' save_inference_model"),
        path: path(of: name))
    }
    for name in architecture.tensorNames where !names.contains(name) {
      throw ImportError(
        .missingTensor(name: name, available: names, architecture: architecture.rawValue))
    }
    let accepted = architecture.tensorNames + [Self.finetuningScale]
    for name in names where !accepted.contains(name) {
      throw ImportError(
        .unexpectedTensor(
          name: name, accepted: architecture.tensorNames, architecture: architecture.rawValue),
        path: path(of: name))
    }
  }

  /// A matrix in its stored type, with a ledger note where it had to be converted.
  func matrix(
    _ name: String, _ shape: [Int], from keys: String
  ) throws(ImportError) -> (matrix: RowMatrix, notes: [LedgerEntry]) {
    let tensor = try checked(name, shape, from: keys)
    if let matrix = RowMatrix(tensor) {
      guard matrix.elementType == .f32, config.type == "bfloat16" || config.type == "float16"
      else { return (matrix, []) }
      return (
        matrix,
        [
          LedgerEntry(
            name, "stored as F32 and used so, although cfg 'dtype' is \(config.type)",
            source: .formatRule)
        ]
      )
    }
    guard let values = tensor.floats(kernels) else {
      fatalError("an accepted element type widens to f32")
    }
    let how = tensor.elementType == .f64 ? "rounded" : "widened"
    return (
      RowMatrix(rowCount: shape[0], width: shape[1], values: values),
      [
        LedgerEntry(
          name, "\(tensor.elementType.rawValue) \(how) to F32 in memory", source: .formatRule)
      ]
    )
  }

  /// A vector as f32.
  func vector(
    _ name: String, _ count: Int, from key: String
  ) throws(ImportError) -> [Float] {
    guard let values = try checked(name, [count], from: key).floats(kernels) else {
      fatalError("an accepted element type widens to f32")
    }
    if let column = values.firstIndex(where: { !$0.isFinite }) {
      throw ImportError(
        .dictionary(DictionaryError(.nonFiniteWeight(tensor: name, row: 0, column: column))),
        path: path(of: name))
    }
    return values
  }

  private func checked(
    _ name: String, _ shape: [Int], from keys: String
  ) throws(ImportError) -> Tensor {
    guard let tensor = files[name] else {
      throw ImportError(
        .missingTensor(
          name: name, available: files.names, architecture: config.architecture.rawValue))
    }
    guard Self.accepted.contains(tensor.elementType) else {
      throw ImportError(
        .elementType(
          tensor: name, found: tensor.elementType.rawValue, accepted: Self.accepted.map(\.rawValue)
        ), path: path(of: name))
    }
    guard tensor.shape == shape else {
      throw ImportError(
        .shape(tensor: name, found: tensor.shape, expected: shape, from: keys), path: path(of: name)
      )
    }
    return tensor
  }
}
