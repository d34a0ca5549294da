import Formats
import SAE
import Tensors

/// A dictionary that `torch.save` wrote: tensors by name, and the plain values beside them.
struct TorchState {
  let path: String
  let tensors: TensorCollection
  /// The values that are no tensors, in the file's order.
  let values: [(key: String, value: TorchValue)]

  /// Every key, tensors first.
  var names: [String] { tensors.names + values.map(\.key) }

  /// The plain value under `key`.
  subscript(key: String) -> TorchValue? { values.first { $0.key == key }?.value }

  /// - Throws: `value` when `root` is no dictionary or has a key that is no string.
  init(_ root: TorchValue, path: String) throws(ImportError) {
    guard case .dictionary(let members) = root else {
      throw ImportError(
        .value(key: "root", found: root.kind, expected: "a dictionary of tensors"), path: path)
    }
    var values: [(key: String, value: TorchValue)] = []
    for member in members {
      guard case .string(let key) = member.key else {
        throw ImportError(
          .value(key: "root", found: "\(member.key.kind) as a key", expected: "strings as keys"),
          path: path)
      }
      if case .tensor = member.value { continue }
      values.append((key, member.value))
    }
    self.path = path
    self.values = values
    do throws(FormatError) {
      tensors = try root.tensors(path: path)
    } catch {
      throw ImportError(.format(error), path: path)
    }
  }

  /// Throws unless all plain values have one of the names `accepted`.
  ///
  /// `tensorNames` are what the message lists beside them.
  func checkValues(
    accepted: [String] = [], beside tensorNames: [String], ignoring ignored: Set<String>
  ) throws(ImportError) {
    for value in values where !accepted.contains(value.key) && !ignored.contains(value.key) {
      throw ImportError(
        .unknownKey(key: value.key, accepted: tensorNames + accepted), path: path)
    }
  }

  /// The integer under `key`, stored as such or as a tensor with one element; nil when it is missing.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(ImportError) -> Int? {
    let found: Int?
    switch (self[key], tensors[key]) {
    case (nil, nil): return nil
    case (.integer(let value), _): found = Int(value)
    case (nil, let tensor?): found = tensor.elementCount == 1 ? tensor.integer(0) : nil
    default: found = nil
    }
    guard let found, range.contains(found) else {
      let description =
        self[key]?.kind ?? tensors[key].map { "\($0.elementType.rawValue) of shape \($0.shape)" }
      throw ImportError(
        .value(
          key: key, found: found.map { "\($0)" } ?? description ?? "nothing",
          expected: "an integer from \(range.lowerBound) to \(range.upperBound)"), path: path)
    }
    return found
  }

  /// The string under `key`; nil when it is missing.
  func string(_ key: String) throws(ImportError) -> String? {
    switch self[key] {
    case .string(let text): return text
    case nil where tensors[key] == nil: return nil
    case let value:
      throw ImportError(
        .value(key: key, found: value?.kind ?? "a tensor", expected: "a string"), path: path)
    }
  }
}
