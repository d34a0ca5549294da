import Formats
import SAE

/// The state dictionary in a file of dictionary_learning, taken out of a checkpoint where it is in one.
///
/// While training, the library saves `{step, ae, optimizer, config, norm_factor}`. Rows were divided
/// by `norm_factor` then, and the biases in it are in those units; the final file has biases and
/// thresholds multiplied by it.
struct DictionaryLearningFile {
  static let wrapperKeys = ["step", "ae", "optimizer", "config", "norm_factor"]

  let state: TorchState
  /// What biases and thresholds must be multiplied by; nil when they are in the rows' own units.
  let normFactor: Double?
  /// The trainer's configuration in a checkpoint.
  let trainer: JSONValue?
  let isCheckpoint: Bool

  init(
    _ root: TorchValue, path: String, ignoring ignored: Set<String>
  ) throws(ImportError) {
    guard let inner = root["ae"] else {
      state = try TorchState(root, path: path)
      normFactor = nil
      trainer = nil
      isCheckpoint = false
      return
    }
    isCheckpoint = true
    state = try TorchState(inner, path: path)
    let wrapper = try TorchState(root, path: path)
    for name in wrapper.names
    where !Self.wrapperKeys.contains(name) && !ignored.contains(name) {
      throw ImportError(.unknownKey(key: name, accepted: Self.wrapperKeys), path: path)
    }
    trainer = wrapper["config"].map(JSONValue.init(plain:))
    normFactor = try Self.normFactor(wrapper)
  }

  private static func normFactor(_ wrapper: TorchState) throws(ImportError) -> Double? {
    let factor: Double
    switch wrapper["norm_factor"] {
    case nil where wrapper.tensors["norm_factor"] == nil: return nil
    case .some(.none): return nil
    case .float(let value): factor = value
    case .integer(let value): factor = Double(value)
    case let other:
      throw ImportError(
        .value(key: "norm_factor", found: other?.kind ?? "a tensor", expected: "a number"),
        path: wrapper.path)
    }
    guard factor > 0, Float(factor).isFinite, Float(factor) > 0 else {
      throw ImportError(
        .value(key: "norm_factor", found: "\(factor)", expected: "a positive finite number"),
        path: wrapper.path)
    }
    // Some variants wrap the final file as well, after they have multiplied it in.
    guard wrapper["optimizer"] != nil else {
      throw ImportError(
        .refused(
          what: "a checkpoint with 'norm_factor' and without 'optimizer'",
          why: "it does not say whether the factor is folded in already",
          advice: "save its 'ae' alone, in the units of the rows"), path: wrapper.path)
    }
    return factor
  }

  /// Whether a file holds a dictionary of this library, told by its keys.
  static func isOne(_ root: TorchValue) -> Bool {
    guard case .dictionary(let members) = root["ae"] ?? root else { return false }
    let names = members.compactMap { member in
      if case .string(let key) = member.key { key } else { nil }
    }
    return !DictionaryLearningClass.fitting(names).isEmpty
  }
}

extension JSONValue {
  /// Plain torch data as JSON; what JSON has no form for becomes its description.
  init(plain value: TorchValue) {
    switch value {
    case .none: self = .null
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .integer(number)
    case .float(let number): self = .number(number)
    case .string(let text): self = .string(text)
    case .list(let items), .tuple(let items): self = .array(items.map(JSONValue.init(plain:)))
    case .dictionary(let members):
      self = .object(
        members.map { member in
          let key = if case .string(let text) = member.key { text } else { member.key.kind }
          return Member(key, JSONValue(plain: member.value))
        })
    case .tensor, .name: self = .string(value.kind)
    }
  }
}
