import Formats
import SAE
import Tensors

/// The tensors of one dictionary, each checked for name, shape and type as it is asked for.
struct WeightReader {
  private static let accepted: [ElementType] = [.f32, .bf16, .f16, .f64]

  let tensors: TensorCollection
  /// What needs the tensors, for messages: an architecture's or a publisher's name.
  let architecture: String
  let kernels: Kernels

  /// The first file, which errors about the whole name.
  var path: String { tensors.paths.first ?? "" }
  var names: [String] { tensors.names }

  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// The file that holds a tensor.
  func path(of name: String) -> String { tensors.path(of: name) ?? path }

  /// Throws unless all `needed` tensors are there, and no others than those and `optional` ones.
  func checkNames(needed: [String], optional: [String] = []) throws(ImportError) {
    for name in needed where !has(name) { throw missing(name) }
    for name in names where !needed.contains(name) && !optional.contains(name) {
      throw ImportError(
        .unexpectedTensor(name: name, accepted: needed + optional, architecture: architecture),
        path: path(of: name))
    }
  }

  /// The length of a vector that decides a size.
  ///
  /// - Throws: `missingTensor`, or `shape` for anything but a vector with 1 to `limit` elements.
  func length(of name: String, limit: Int = Int(Int32.max)) throws(ImportError) -> Int {
    guard let tensor = tensors[name] else { throw missing(name) }
    guard tensor.shape.count == 1, (1...limit).contains(tensor.shape[0]) else {
      throw ImportError(
        .value(
          key: name, found: "shape \(tensor.shape)",
          expected: "a vector of 1 to \(limit) elements"),
        path: path(of: name))
    }
    return tensor.shape[0]
  }

  /// A matrix of exactly `shape`, in its stored type where kernels read that, else widened to f32.
  ///
  /// `source` says where the shape comes from. The ledger note tells of a conversion.
  func matrix(
    _ name: String, _ shape: [Int], from source: String
  ) throws(ImportError) -> (matrix: RowMatrix, notes: [LedgerEntry]) {
    let tensor = try self.tensor(name, shape, from: source)
    if let matrix = RowMatrix(tensor) { return (matrix, []) }
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

  /// A vector of `count` finite numbers as f32.
  func vector(
    _ name: String, _ count: Int, from source: String
  ) throws(ImportError) -> [Float] {
    try finite(name, try self.tensor(name, [count], from: source))
  }

  /// One finite number, stored without axes or as one element, of any float or integer type.
  func scalar(_ name: String) throws(ImportError) -> Double {
    guard let tensor = tensors[name] else { throw missing(name) }
    guard tensor.elementCount == 1 else {
      throw ImportError(
        .value(key: name, found: "shape \(tensor.shape)", expected: "one number"),
        path: path(of: name))
    }
    if let integer = tensor.integer(0) { return Double(integer) }
    try checkType(name, tensor)
    return Double(try finite(name, tensor)[0])
  }

  private func finite(_ name: String, _ tensor: Tensor) throws(ImportError) -> [Float] {
    guard let values = tensor.floats(kernels) else {
      fatalError("an accepted element type widens to f32")
    }
    let column = kernels.firstNonfinite(values, count: values.count)
    guard column == values.count else {
      throw ImportError(
        .dictionary(DictionaryError(.nonFiniteWeight(tensor: name, row: 0, column: column))),
        path: path(of: name))
    }
    return values
  }

  /// The tensor called `name`, with a type that weights can have and exactly `shape`.
  func tensor(
    _ name: String, _ shape: [Int], from source: String
  ) throws(ImportError) -> Tensor {
    guard let tensor = tensors[name] else { throw missing(name) }
    try checkType(name, tensor)
    guard tensor.shape == shape else {
      throw ImportError(
        .shape(tensor: name, found: tensor.shape, expected: shape, from: source),
        path: path(of: name))
    }
    return tensor
  }

  private func checkType(_ name: String, _ tensor: Tensor) throws(ImportError) {
    guard Self.accepted.contains(tensor.elementType) else {
      throw ImportError(
        .elementType(
          tensor: name, found: tensor.elementType.rawValue,
          accepted: Self.accepted.map(\.rawValue)), path: path(of: name))
    }
  }

  private func missing(_ name: String) -> ImportError {
    ImportError(
      .missingTensor(name: name, available: names, architecture: architecture), path: path)
  }
}
