import Formats
import SAE

/// Reads typed fields of a JSON object and says, for each that does not fit, which key it was.
struct ConfigReader {
  let object: JSONValue
  /// Put before keys in errors, for example `metadata.`.
  var prefix = ""

  func has(_ key: String) -> Bool { object[key] != nil }

  func isNull(_ key: String) -> Bool { object[key] == .null }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ImportError) -> Int {
    let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard let value = object[key] else {
      throw ImportError(.missingKey(key: prefix + key, expected: expected))
    }
    guard case .integer(let number) = value, range.contains(Int(number)) else {
      throw mismatch(key, expected)
    }
    return Int(number)
  }

  func bool(_ key: String, default fallback: Bool?) throws(ImportError) -> Bool {
    guard let value = object[key] else {
      guard let fallback else {
        throw ImportError(.missingKey(key: prefix + key, expected: "true or false"))
      }
      return fallback
    }
    guard case .bool(let flag) = value else { throw mismatch(key, "true or false") }
    return flag
  }

  /// A string, or nil when the key is missing or null.
  func string(_ key: String) throws(ImportError) -> String? {
    switch object[key] {
    case nil, .null: return nil
    case .string(let text): return text
    default: throw mismatch(key, "a string")
    }
  }

  /// One of `accepted`, or `fallback` when the key is missing.
  func choice(
    _ key: String, of accepted: [String], default fallback: String?
  ) throws(ImportError) -> String {
    let expected = "one of " + accepted.joined(separator: ", ")
    guard let value = object[key] else {
      guard let fallback else {
        throw ImportError(.missingKey(key: prefix + key, expected: expected))
      }
      return fallback
    }
    guard case .string(let text) = value, accepted.contains(text) else {
      throw mismatch(key, expected)
    }
    return text
  }

  func mismatch(_ key: String, _ expected: String) -> ImportError {
    let found = object[key]?.serialised(pretty: false) ?? "nothing"
    return ImportError(.value(key: prefix + key, found: found, expected: expected))
  }
}
