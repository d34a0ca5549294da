import Formats
import Steering
import Tensors

extension WatermarkKey {
  /// Reads a key from its file, which only its owner may read or write.
  ///
  /// - Throws: `inputOutput` when the file cannot be read, is no regular file, belongs neither to the effective
  ///   user nor to root, or group or others may use it; `malformedFile` naming the field when it is not a key's file, or was changed. No error
  ///   quotes the file.
  public static func read(path: String) throws(SteeringError) -> WatermarkKey {
    var bytes = try SteeringError.rendering { () throws(FormatError) in
      try PrivateFile.read(path, limit: KeyFile.byteLimit)
    }
    defer { Wiping.wipe(&bytes) }
    return try read(bytes, name: path)
  }

  /// Reads a key from the bytes of its file; `name` is what errors call it.
  package static func read(_ bytes: [UInt8], name: String) throws(SteeringError) -> WatermarkKey {
    do throws(SteeringError) {
      return try KeyObject.document(bytes).key()
    } catch {
      guard error.message != damaged else {
        throw SteeringError(
          error.code, "key file \(name) is damaged or was changed: \(error.message)")
      }
      throw SteeringError(error.code, "key file \(name): \(error.message)")
    }
  }

  fileprivate static let damaged = "'check' does not match its other members"
}

/// One object of a key's file. Nothing of the text of a file that holds a secret goes into an error.
private struct KeyObject {
  /// The path up to its members: empty, or `documents.`.
  let path: String
  let members: [JSONValue.Member]

  /// The object at the top of the file.
  static func document(_ bytes: [UInt8]) throws(SteeringError) -> KeyObject {
    let limits = JSONLimits(
      byteCount: KeyFile.byteLimit, depth: 4, valueCount: 100, objectCount: 10)
    let value: JSONValue
    do throws(FormatError) {
      value = try JSONValue.parse(bytes, limits: limits)
    } catch {
      // Its reason may quote what it found.
      let place = error.offset.map { " (at byte \($0))" } ?? ""
      throw SteeringError(.malformedFile, "is no valid JSON\(place), expected a whole key file")
    }
    return try KeyObject(
      value, path: "",
      keys: [
        "format", "id", "created", "retired", "follows", "bank", "count", "documents", "secret",
        "check",
      ])
  }

  private init(_ value: JSONValue, path: String, keys: [String]) throws(SteeringError) {
    guard let members = value.asObject else {
      let what = path.isEmpty ? "is" : "field '\(path.dropLast())' is"
      throw SteeringError(.malformedFile, "\(what) \(value.kind), expected an object")
    }
    for member in members where !keys.contains(member.key) {
      // A name that is longer than any of ours may be something that does not belong into an error.
      let name =
        WatermarkKey.isValid(id: member.key) && member.key.utf8.count <= 20
        ? " '\(path)\(member.key)'" : ""
      throw SteeringError(
        .malformedFile, "unknown field\(name), accepted: \(keys.joined(separator: ", "))")
    }
    self.path = path
    self.members = members
  }

  func key() throws(SteeringError) -> WatermarkKey {
    let format = try text("format")
    guard format == KeyFile.format else {
      throw SteeringError(
        .malformedFile, "field 'format' is another text, expected '\(KeyFile.format)'")
    }
    var secret = try digits("secret")
    defer { Wiping.wipe(&secret) }
    let check = try digits("check")
    let key: WatermarkKey
    do throws(SteeringError) {
      key = try WatermarkKey(
        id: try text("id"), created: try integer("created"),
        retired: try optional("retired") { name throws(SteeringError) in try integer(name) },
        follows: try optional("follows") { name throws(SteeringError) in try text(name) },
        bank: try text("bank"), count: try integer("count"), documents: try documents(),
        secret: Secret(secret))
    } catch {
      throw SteeringError(
        .malformedFile, error.code == .invalidArgument ? "field " + error.message : error.message)
    }
    guard ConstantTime.equal(key.check, check) else {
      throw SteeringError(.malformedFile, WatermarkKey.damaged)
    }
    return key
  }

  private func documents() throws(SteeringError) -> DocumentScheme {
    let object = try KeyObject(
      try value("documents"), path: "documents.", keys: ["scheme", "seconds"])
    let scheme: DocumentScheme
    switch try object.text("scheme") {
    case "given": scheme = .given
    case "prompt": scheme = .prompt
    case "constant": scheme = .constant
    case "window": return .window(seconds: try object.integer("seconds"))
    default:
      throw SteeringError(
        .malformedFile,
        "field 'documents.scheme' is another text, expected given, prompt, window or constant")
    }
    guard object.find("seconds") == nil else {
      throw SteeringError(
        .malformedFile,
        "field 'documents.seconds' is there, expected it with the scheme window only")
    }
    return scheme
  }

  private func find(_ name: String) -> JSONValue? { members.first { $0.key == name }?.value }

  private func value(_ name: String) throws(SteeringError) -> JSONValue {
    guard let value = find(name) else {
      throw SteeringError(.malformedFile, "field '\(path)\(name)' is missing")
    }
    return value
  }

  private func optional<T>(
    _ name: String, _ read: (String) throws(SteeringError) -> T
  ) throws(SteeringError) -> T? {
    find(name) == nil ? nil : try read(name)
  }

  private func text(_ name: String) throws(SteeringError) -> String {
    let value = try value(name)
    guard let text = value.asString else { throw mismatch(name, value, "a text") }
    return text
  }

  private func integer(_ name: String) throws(SteeringError) -> Int {
    let value = try value(name)
    guard let integer = value.asInt else { throw mismatch(name, value, "an integer") }
    return integer
  }

  /// 32 bytes, written as 64 digits.
  private func digits(_ name: String) throws(SteeringError) -> [UInt8] {
    let text = try text(name)
    guard text.utf8.count == 64, let bytes = Hexadecimal.bytes(text) else {
      throw SteeringError(
        .malformedFile,
        "field '\(path)\(name)' has \(text.count) characters, expected 64 lower-case hexadecimal"
          + " digits")
    }
    return bytes
  }

  private func mismatch(
    _ name: String, _ value: JSONValue, _ expected: String
  ) -> SteeringError {
    SteeringError(
      .malformedFile, "field '\(path)\(name)' is \(value.kind), expected \(expected)")
  }
}
