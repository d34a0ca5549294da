import Formats
import Steering
import Tensors

/// The file form of a key.
package enum KeyFile {
  package static let format = "steering-watermark-key/1"
  /// Longest file that is read, in bytes.
  package static let byteLimit = 64 << 10
}

extension WatermarkKey {
  /// Writes the key into a new file that only its owner may read: mode 0600 from the first byte.
  ///
  /// The file appears complete or not at all, and never in place of another one: a key that is
  /// overwritten is lost, and with it every text that it marked.
  /// - Throws: `inputOutput`, also when something is at `path` already.
  public func write(to path: String) throws(SteeringError) {
    try SteeringError.rendering { () throws(FormatError) in
      try write(into: try OutputFile.createNew(path, mode: 0o600))
    }
  }

  func write(into file: OutputFile) throws(FormatError) {
    var bytes = json()
    defer { Wiping.wipe(&bytes) }
    try file.write(bytes)
    try file.commit()
  }

  /// The file's bytes, secret included.
  package func json() -> [UInt8] {
    var members: [JSONValue.Member] = [
      .init("format", .string(KeyFile.format)), .init("id", .string(id)),
      .init("created", .integer(Int64(created))),
    ]
    if let retired { members.append(.init("retired", .integer(Int64(retired)))) }
    if let follows { members.append(.init("follows", .string(follows))) }
    var scheme: [JSONValue.Member] = [.init("scheme", .string(documents.name))]
    if case .window(let seconds) = documents {
      scheme.append(.init("seconds", .integer(Int64(seconds))))
    }
    var bytes = secret.copyBytes()
    defer { Wiping.wipe(&bytes) }
    members += [
      .init("bank", .string(bank)), .init("count", .integer(Int64(count))),
      .init("documents", .object(scheme)), .init("secret", .string(Hexadecimal.text(bytes))),
      .init("check", .string(Hexadecimal.text(check))),
    ]
    return Array((JSONValue.object(members).serialised(pretty: true) + "\n").utf8)
  }

  /// What shows that no other member of the file was changed: 32 bytes.
  ///
  /// HMAC-SHA256(secret, canonical bytes of "steering-watermark-key-check/1", format, id, created,
  /// retired, follows, bank, count, scheme, seconds), where what is absent is an empty value.
  package var check: [UInt8] {
    var canonical = CanonicalBytes()
    canonical.append("steering-watermark-key-check/1")
    canonical.append(KeyFile.format)
    canonical.append(id)
    canonical.append(created)
    if let retired { canonical.append(retired) } else { canonical.append("") }
    canonical.append(follows ?? "")
    canonical.append(bank)
    canonical.append(count)
    canonical.append(documents.name)
    if case .window(let seconds) = documents {
      canonical.append(seconds)
    } else {
      canonical.append("")
    }
    return secret.authenticator.authenticate(canonical.bytes)
  }
}
