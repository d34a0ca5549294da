import Formats
import SAE

extension ConfigReader {
  /// Reads `document`, the whole of the file called `name`.
  ///
  /// - Throws: `value` when it is no object.
  init(document: JSONValue, file name: String) throws(ImportError) {
    guard case .object = document else {
      throw ImportError(
        .value(key: name, found: document.kind, expected: "an object with named fields"))
    }
    object = document
  }

  /// Throws unless every key is one of `accepted` or `ignored`.
  func checkKeys(_ accepted: [String], ignoring ignored: Set<String>) throws(ImportError) {
    guard case .object(let members) = object else { return }
    for member in members where !accepted.contains(member.key) && !ignored.contains(member.key) {
      throw ImportError(.unknownKey(key: prefix + member.key, accepted: accepted))
    }
  }

  /// A number above zero.
  func positive(_ key: String) throws(ImportError) -> Double {
    let expected = "a positive finite number"
    guard let value = object[key] else {
      throw ImportError(.missingKey(key: prefix + key, expected: expected))
    }
    guard let number = value.asDouble, number.isFinite, number > 0 else {
      throw mismatch(key, expected)
    }
    return number
  }

  /// A string that has to be there.
  func requiredString(_ key: String, _ expected: String) throws(ImportError) -> String {
    guard let text = try string(key) else {
      throw ImportError(.missingKey(key: prefix + key, expected: expected))
    }
    return text
  }

  /// A list of strings, or nil when the key is missing or null.
  func strings(_ key: String) throws(ImportError) -> [String]? {
    switch object[key] {
    case nil, .null: return nil
    case .array(let values):
      let texts = values.compactMap(\.asString)
      guard texts.count == values.count else { throw mismatch(key, "a list of strings") }
      return texts
    default: throw mismatch(key, "a list of strings")
    }
  }

  /// The object under `key`, or nil when the key is missing or null.
  func section(_ key: String) throws(ImportError) -> ConfigReader? {
    switch object[key] {
    case nil, .null: return nil
    case .object(let members):
      return ConfigReader(object: .object(members), prefix: prefix + key + ".")
    default: throw mismatch(key, "an object")
    }
  }

  /// Throws unless a flag is false or missing, where nothing here does what it asks for.
  func refuse(_ key: String, why: String, advice: String) throws(ImportError) {
    guard try bool(key, default: false) else { return }
    throw ImportError(.refused(what: "'\(prefix + key)'", why: why, advice: advice))
  }

  /// Where a decision comes from: the key, or the publisher's default where it is missing.
  func decided(_ key: String) -> LedgerEntry.Source {
    has(key) ? .config(key: prefix + key) : .publisherDefault(key: prefix + key)
  }
}

extension ImportError {
  /// Runs `body` and adds the file to errors that do not name one.
  static func located<T>(
    at path: String, _ body: () throws(ImportError) -> T
  ) throws(ImportError) -> T {
    do throws(ImportError) {
      return try body()
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }
}
