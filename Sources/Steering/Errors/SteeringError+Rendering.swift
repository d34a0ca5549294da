import Formats
import Importers
import SAE
import Tensors

// The one place where structured errors become sentences.

extension SteeringError {
  /// Runs `body` and turns a file error into the public one.
  package static func rendering<R>(
    _ body: () throws(FormatError) -> R
  ) throws(SteeringError) -> R {
    do throws(FormatError) {
      return try body()
    } catch {
      throw SteeringError(error)
    }
  }

  /// Turns a file error into the public one.
  package init(_ error: FormatError) {
    switch error.reason {
    case .systemCall, .notARegularFile, .alreadyExists, .notPrivate, .foreignOwner,
      .fileChanged:
      self.init(.inputOutput, error.message)
    default: self.init(.malformedFile, error.message)
    }
  }

  /// Turns an import error into the public one.
  package init(_ error: ImportError) {
    let place = error.path.map { $0 + ": " } ?? ""
    switch error.reason {
    case .format(var inner):
      inner.path = inner.path ?? error.path
      self.init(inner)
    case .dictionary(let inner):
      self.init(SteeringError(inner).code, place + SteeringError(inner).message)
    case .unknownLayout(let found, let accepted):
      self.init(
        .unsupportedDictionary,
        place + "not a dictionary: found \(clipped(found)), accepted: "
          + accepted.joined(separator: "; "))
    case .ambiguousLayout(let formats):
      self.init(
        .unsupportedDictionary,
        place + "the files fit several layouts, expected one of them to be named: --format "
          + formats.joined(separator: " or --format "))
    case .value(let key, let found, let expected):
      self.init(
        .unsupportedDictionary, place + "'\(key)' is \(clipped(found)), expected \(expected)")
    case .missingKey(let key, let expected):
      self.init(
        .unsupportedDictionary, place + "key '\(key)' is missing, expected \(expected)")
    case .unknownKey(let key, let accepted):
      self.init(
        .unsupportedDictionary,
        place + "unknown key '\(clipped(key))', accepted: \(accepted.joined(separator: ", "));"
          + " if it changes nothing about inference, pass --ignore-config-key \(clipped(key))")
    case .missingTensor(let name, let available, let architecture):
      self.init(
        .unsupportedDictionary,
        place + "tensor '\(name)' is missing for architecture '\(architecture)', found:"
          + " \(list(available))")
    case .unexpectedTensor(let name, let accepted, let architecture):
      self.init(
        .unsupportedDictionary,
        place + "tensor '\(clipped(name))' has no meaning in architecture '\(architecture)',"
          + " accepted: \(accepted.joined(separator: ", "))")
    case .shape(let tensor, let found, let expected, let from):
      self.init(
        .shapeMismatch,
        place + "tensor '\(tensor)' has shape \(found), expected \(expected) from \(from)")
    case .elementType(let tensor, let found, let accepted):
      self.init(
        .unsupportedDictionary,
        place + "tensor '\(tensor)' holds \(found), accepted: \(accepted.joined(separator: ", "))")
    case .library(let name, let detail, let purpose, let package):
      self.init(
        .inputOutput,
        place + "\(purpose) needs \(name), which cannot be loaded (\(clipped(detail)));"
          + " expected the package \(package) to be installed")
    case .accelerator(let flaw): self.init(flaw, place: place)
    case .refused(let what, let why, let advice):
      self.init(.unsupportedDictionary, place + "\(what) is not supported: \(why); \(advice)")
    }
  }

  /// The dictionary is usable without its accelerator: the message says so.
  private init(_ flaw: AcceleratorFlaw, place: String) {
    let advice = "; delete the file, or make it again: steerctl convert DICT --accelerate"
    switch flaw {
    case .file(let inner):
      let error = SteeringError(inner)
      self.init(error.code, error.message + advice)
    case .field(let name, let found, let expected):
      self.init(
        .unsupportedDictionary,
        place + "\(name) is \(clipped(found)), expected \(expected)" + advice)
    }
  }

  /// Turns an export error into the public one.
  package init(_ error: ExportError) {
    let place = error.path.map { $0 + ": " } ?? ""
    switch error.reason {
    case .format(let inner): self.init(inner)
    case .dictionary(let inner): self.init(inner)
    case .exists(let folder):
      self.init(.invalidArgument, "\(folder) exists, expected the name of a new folder")
    case .cannotHold(let target, let what, let why):
      self.init(
        .unsupportedDictionary, "\(target.rawValue) cannot hold \(what): \(why)")
    case .noAccelerator(let what):
      self.init(
        .unsupportedDictionary,
        place + "an accelerator is of no use for \(what), expected a dense encoder with rows of at"
          + " most \(QuantisedRows.largestWidth) numbers and one of relu, jumpReLU, batchTopK, topK,"
          + " signedTopK, absTopK")
    case .rowTooLong(let feature, let norm, let limit):
      self.init(
        .unsupportedDictionary,
        place + "the encoder row of feature \(feature) has norm \(Float(norm)), expected at most"
          + " \(Float(limit)) for an accelerator, whose bounds would not hold")
    case .wouldRound(let what, let why):
      self.init(
        .unsupportedDictionary, "\(what) would round: \(why); pass --allow-rounding to accept that")
    case .valueChanges(let tensor, let row, let column, let from, let to, let type):
      self.init(
        .unsupportedDictionary,
        "\(tensor)[\(row), \(column)] is \(from), which \(type) rounds to \(to);"
          + " pass --allow-rounding to accept that, or another --type")
    case .outOfRange(let tensor, let row, let column, let found, let type):
      self.init(
        .unsupportedDictionary,
        "\(tensor)[\(row), \(column)] is \(found), which is beyond \(type); expected another type")
    }
  }

  /// Turns a dictionary error into the public one.
  package init(_ error: DictionaryError) {
    switch error.reason {
    case .shape(let tensor, let found, let expected):
      self.init(.shapeMismatch, "\(tensor) has shape \(found), expected \(expected)")
    case .nonFiniteWeight(let tensor, let row, let column):
      let place =
        switch tensor {
        case "encoder", "decoder": "\(tensor) weight of feature \(row), component \(column),"
        default: "\(tensor) weight [\(row), \(column)]"
        }
      self.init(.nonFinite, "\(place) is NaN or infinite, expected a finite number")
    case .field(let name, let found, let expected):
      self.init(.unsupportedDictionary, "\(name) is \(found), expected \(expected)")
    case .featureOutOfRange(let found, let count):
      self.init(
        .invalidArgument, "feature \(found) does not exist, expected 0 to \(count - 1)")
    case .width(let found, let expected):
      self.init(
        .shapeMismatch, "rows have width \(found), expected \(expected) from the dictionary")
    case .nonFiniteInput(let row, let column):
      self.init(
        .nonFinite,
        "row \(row), column \(column) is NaN or infinite, expected a finite number")
    case .nonFiniteResult(let row):
      self.init(
        .nonFinite,
        "row \(row) overflows f32 when it is encoded or decoded, expected smaller values")
    }
  }

  /// Turns an error about the name of a place into the public one.
  package init(_ error: HookError) {
    let name = "hook '\(clipped(error.name))'"
    switch error.reason {
    case .unknown(let accepted):
      self.init(
        .invalidArgument, "\(name) is unknown, accepted: \(accepted.joined(separator: ", "))")
    case .trap(let trap, let what):
      self.init(
        .invalidArgument,
        "\(name) is \(what); if that is what you mean, confirm '\(trap.rawValue)'")
    case .ambiguous(let meanings, let expected):
      self.init(.invalidArgument, "\(name) is \(meanings); expected \(expected)")
    case .absent(let why, let expected):
      self.init(.invalidArgument, "\(name) \(why); expected \(expected)")
    }
  }

  /// Turns a plan error into the public one.
  package init(_ error: PlanError) {
    let field = error.field
    switch error.reason {
    case .unknownKey(let accepted):
      self.init(
        .invalidPlan,
        "unknown key '\(clipped(field))', accepted: \(accepted.joined(separator: ", "))")
    case .missing(let expected):
      self.init(.invalidPlan, "key '\(field)' is missing, expected \(expected)")
    case .value(let found, let expected):
      self.init(.invalidPlan, "'\(field)' is \(clipped(found)), expected \(expected)")
    case .duplicate(let feature, let other):
      self.init(
        .invalidPlan,
        "'\(field)' sets feature \(feature), which '\(other)' already sets on the same rows;"
          + " expected one setting per feature and row (several adds, or a floor below a ceiling,"
          + " may be combined)")
    case .featureOutOfRange(let found, let count):
      self.init(.invalidPlan, "'\(field)' is \(found), expected 0 to \(count - 1)")
    case .zeroDirection(let feature):
      self.init(
        .invalidPlan,
        "'\(field)' needs a direction, but the decoder row of feature \(feature) is zero or too small to have one"
      )
    case .needsActivation(let mode, let reads, let writes):
      self.init(
        .invalidPlan,
        "'\(field)' is \(mode), which needs the feature's activation, but this transcoder reads"
          + " \(reads) and writes \(writes); expected add or project-out")
    case .empty:
      self.init(.invalidPlan, "'\(field)' is empty, expected at least one intervention")
    }
  }
}

/// Text from an untrusted file, short and printable.
private func clipped(_ text: String) -> String { MessageText.plain(text) }

private func list(_ names: [String]) -> String {
  let shown = names.prefix(12).map(clipped).joined(separator: ", ")
  return names.count > 12 ? shown + ", … (\(names.count) in all)" : shown
}
