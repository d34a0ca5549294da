import Tensors

/// What a torch file holds: tensors and plain data, nothing that could act.
package indirect enum TorchValue: Sendable {
  case none
  case bool(Bool)
  case integer(Int64)
  case float(Double)
  case string(String)
  /// An inert name, such as the element type `torch.float32` or the device `cuda:0`.
  case name(String)
  case tensor(Tensor)
  case list([TorchValue])
  case tuple([TorchValue])
  /// In the order of the file; string and integer keys differ from one another.
  case dictionary([(key: TorchValue, value: TorchValue)])
}

extension TorchValue {
  /// The value under the string `key`, or nil when this is no dictionary or has no such key.
  ///
  /// - Complexity: O(members).
  package subscript(key: String) -> TorchValue? {
    guard case .dictionary(let members) = self else { return nil }
    return members.first { member in
      if case .string(let text) = member.key { text == key } else { false }
    }?.value
  }

  /// The tensors directly under string keys of this dictionary, in its order.
  ///
  /// - Parameters:
  ///   - path: the file that they come from.
  ///   - prefix: only keys that start with it, which their names then lack.
  /// - Throws: `wrongType` when this is no dictionary, `duplicateTensor`.
  package func tensors(
    path: String, prefix: String = ""
  ) throws(FormatError) -> TensorCollection {
    guard case .dictionary(let members) = self else {
      throw FormatError(
        .wrongType(field: "root", found: kind, expected: "a dictionary of tensors"), path: path)
    }
    var entries: [TensorCollection.Entry] = []
    for member in members {
      guard case .string(let key) = member.key, case .tensor(let tensor) = member.value,
        key.utf8.starts(with: prefix.utf8)
      else { continue }
      let name = String(decoding: key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
      entries.append(TensorCollection.Entry(name: name, tensor: tensor, path: path))
    }
    return try TensorCollection(paths: [path], entries)
  }

  /// What the value is, with its article, for messages: `a dictionary`, `a tensor`.
  package var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .float: "a float"
    case .string: "a string"
    case .name(let name): "the name \(MessageText.quoted(name))"
    case .tensor: "a tensor"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a dictionary"
    }
  }
}
