// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Importers
import SAE
import Steering

// More keys than any configuration has.
private let ignoredKeyLimit: UInt64 = 10_000

@c @implementation
public func steer_dictionary_open(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<steer_open_options_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let path = try Text.read(path, "path")
    guard let out else { throw .null("out") }
    let options = try importOptions(options)
    do throws(SteeringError) {
      out.pointee = Handle.make(try SparseDictionary.open(path, options: options))
    } catch {
      throw Refusal(error.code, inTermsOfOptions(error.message))
    }
  }
}

@c @implementation
public func steer_dictionary_close(_ dictionary: OpaquePointer?) {
  Handle.end(dictionary, SparseDictionary.self)
}

@c @implementation
public func steer_dictionary_inspect(
  _ dictionary: OpaquePointer?, _ info: UnsafeMutablePointer<steer_dictionary_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    var value = steer_dictionary_info_t()
    value.kind = dictionary.kind.code
    value.feature_count = UInt64(dictionary.featureCount)
    value.model_width = UInt64(dictionary.modelWidth)
    value.output_width = UInt64(dictionary.outputWidth)
    value.activation = dictionary.activation.code
    value.normalisation = dictionary.normalisation.code
    value.k = UInt64(dictionary.activation.k ?? 0)
    value.weight_bytes = UInt64(dictionary.weightByteCount)
    value.input_layer = Int32(dictionary.input.place?.layer ?? -1)
    value.input_site = siteCode(dictionary.input.place?.site)
    value.output_layer = Int32(dictionary.output.place?.layer ?? -1)
    value.output_site = siteCode(dictionary.output.place?.site)
    try Struct.write(value, to: info, "info")
  }
}

@c @implementation
public func steer_dictionary_text(
  _ dictionary: OpaquePointer?, _ which: Int32, _ buffer: UnsafeMutablePointer<CChar>?,
  _ capacity: Int, _ required: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    let text: String
    switch Int(which) {
    case STEER_TEXT_NAME: text = dictionary.name
    case STEER_TEXT_MODEL: text = dictionary.input.model ?? ""
    case STEER_TEXT_INPUT_HOOK: text = dictionary.input.hook ?? ""
    case STEER_TEXT_OUTPUT_HOOK: text = dictionary.output.hook ?? ""
    case STEER_TEXT_LEDGER: text = dictionary.ledgerJSON
    default:
      throw Refusal(.invalidArgument, "which is \(which), expected a STEER_TEXT_ constant, 0 to 4")
    }
    try Text.write(text, to: buffer, capacity: capacity, required: required)
  }
}

private func importOptions(
  _ pointer: UnsafePointer<steer_open_options_t>?
) throws(Refusal) -> ImportOptions {
  var options = ImportOptions()
  guard let pointer else { return options }
  var value = steer_open_options_t()
  try Struct.read(pointer, into: &value, "options")
  switch Int(value.weight_check) {
  case STEER_WEIGHT_CHECK_LAZY: break
  case STEER_WEIGHT_CHECK_ALL: options.weightCheck = .whole
  default:
    throw Refusal(
      .invalidArgument,
      "options.weight_check is \(value.weight_check), expected STEER_WEIGHT_CHECK_LAZY (0) or"
        + " STEER_WEIGHT_CHECK_ALL (1)")
  }
  switch value.activation_scale {
  case 0: break
  case STEER_SCALE_ALREADY_APPLIED: options.activationScale = .alreadyApplied
  case let scale where scale.isFinite && scale > 0: options.activationScale = .factor(scale)
  default:
    throw Refusal(
      .invalidArgument,
      "options.activation_scale is \(value.activation_scale), expected a positive number, 0 or"
        + " STEER_SCALE_ALREADY_APPLIED (-1)")
  }
  try readChoices(value, into: &options)
  guard value.n_ignored_config_keys <= ignoredKeyLimit else {
    throw Refusal(
      .invalidArgument,
      "options.n_ignored_config_keys is \(value.n_ignored_config_keys), expected at most"
        + " \(ignoredKeyLimit)")
  }
  for index in 0..<Int(value.n_ignored_config_keys) {
    guard let keys = value.ignored_config_keys else { throw .null("options.ignored_config_keys") }
    let key = try Text.read(keys[index], "options.ignored_config_keys[\(index)]")
    options.ignoredConfigKeys.insert(key)
  }
  return options
}

/// What the caller says where a layout leaves a question open.
private func readChoices(
  _ value: steer_open_options_t, into options: inout ImportOptions
) throws(Refusal) {
  if let format = value.format {
    let name = try Text.read(format, "options.format")
    guard let known = DictionaryFormat(rawValue: name) else {
      let names = DictionaryFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw Refusal(.invalidArgument, "options.format is '\(name)', expected one of \(names)")
    }
    options.format = known
  }
  if let architecture = value.architecture {
    options.architecture = try Text.read(architecture, "options.architecture")
  }
  guard let k = Int(exactly: value.k) else {
    throw Refusal(.invalidArgument, "options.k is \(value.k), expected at most \(Int.max)")
  }
  if k > 0 { options.k = k }
  switch value.has_layer {
  case 0:
    guard value.layer == 0 else {
      throw Refusal(
        .invalidArgument, "options.layer is \(value.layer) without options.has_layer, expected 0")
    }
  case 1:
    guard value.layer >= 0 else {
      throw Refusal(.invalidArgument, "options.layer is \(value.layer), expected 0 or more")
    }
    options.layer = Int(value.layer)
  default:
    throw Refusal(.invalidArgument, "options.has_layer is \(value.has_layer), expected 0 or 1")
  }
  switch Int(value.kind) {
  case STEER_OPEN_KIND_DECLARED: break
  case STEER_OPEN_KIND_AUTOENCODER: options.kind = .autoencoder
  case STEER_OPEN_KIND_TRANSCODER: options.kind = .transcoder
  case STEER_OPEN_KIND_EMBEDDING: options.kind = .embedding
  default:
    throw Refusal(
      .invalidArgument,
      "options.kind is \(value.kind), expected a STEER_OPEN_KIND_ constant, 0 to 3")
  }
  switch Int(value.activation_units) {
  case STEER_OPEN_UNITS_PUBLISHED: break
  case STEER_OPEN_UNITS_NORMALISED: options.activationUnits = .normalised
  case STEER_OPEN_UNITS_RAW: options.activationUnits = .raw
  default:
    throw Refusal(
      .invalidArgument,
      "options.activation_units is \(value.activation_units), expected a STEER_OPEN_UNITS_"
        + " constant, 0 to 2")
  }
}

/// Advice that the library gives in the command line's terms, in terms of steer_open_options_t.
private func inTermsOfOptions(_ message: String) -> String {
  message.replacing("pass --ignore-config-key", with: "name in options.ignored_config_keys")
    .replacing(
      "--rows-already-scaled", with: "options.activation_scale STEER_SCALE_ALREADY_APPLIED"
    )
    .replacing("--activation-scale", with: "options.activation_scale")
    .replacing("--activation-units", with: "options.activation_units")
    .replacing("--architecture", with: "options.architecture")
    .replacing("--format", with: "options.format")
    .replacing("--kind", with: "options.kind")
    .replacing("--layer", with: "options.layer (with has_layer 1)")
    .replacing("--top-k", with: "options.k")
}
