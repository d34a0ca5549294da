import Formats
import Steering

/// Digests of files as `sha256sum` writes them: one flipped bit in a shard shows by them.
///
/// Lines are `<64 hexadecimal digits> <space or *><name>`; names are relative to the list's folder. Lines
/// that start with a backslash have `\n`, `\r` and `\\` escaped in the name, as coreutils does.
package struct DigestList: Sendable {
  /// The name under which a list is found beside shards.
  package static let fileName = "SHA256SUMS"
  private static let byteLimit = 64 << 20

  private var digests: [String: String] = [:]
  private let folder: String

  /// Reads the list at `path`.
  ///
  /// - Throws: `inputOutput`; `malformedFile` naming the line.
  package init(path: String) throws(SteeringError) {
    folder = FileSystem.split(path).directory
    let bytes = try SteeringError.rendering { () throws(FormatError) in
      try ByteStream.readAll(path: path, limit: Self.byteLimit, what: "bytes of the digest list")
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty {
      guard let entry = Self.entry(String(decoding: line, as: UTF8.self)) else {
        throw SteeringError(
          .malformedFile,
          "\(path): line \(index + 1) is no digest, expected 64 hexadecimal digits, a space, a space"
            + " or *, and a file name")
      }
      let place = try Self.place(entry.name, in: folder)
      if let other = digests[place], other != entry.digest {
        throw SteeringError(
          .malformedFile,
          "\(path): line \(index + 1) gives \(MessageText.plain(entry.name)) another digest than"
            + " a line before")
      }
      digests[place] = entry.digest
    }
  }

  /// The digest listed for the file at `path`; nil where it is not listed.
  package func digest(of path: String) throws(SteeringError) -> String? {
    digests[try Self.place(path, in: nil)]
  }

  private static func place(_ name: String, in folder: String?) throws(SteeringError) -> String {
    try SteeringError.rendering { () throws(FormatError) in
      guard let folder, !name.hasPrefix("/") else { return try FileSystem.absolute(name) }
      return try FileSystem.absolute(FileSystem.join(folder, name))
    }
  }

  private static func entry(_ line: String) -> (digest: String, name: String)? {
    var line = line[...]
    let isEscaped = line.hasPrefix("\\")
    if isEscaped { line.removeFirst() }
    if line.hasSuffix("\r") { line.removeLast() }
    let digest = line.utf8.prefix(64)
    let rest = line.utf8.dropFirst(64)
    guard digest.count == 64, digest.allSatisfy({ isHexadecimal($0) }),
      rest.first == UInt8(ascii: " "),
      let mark = rest.dropFirst().first, mark == UInt8(ascii: " ") || mark == UInt8(ascii: "*")
    else { return nil }
    var name = String(decoding: rest.dropFirst(2), as: UTF8.self)
    guard !name.isEmpty else { return nil }
    if isEscaped {
      guard let plain = unescaped(name) else { return nil }
      name = plain
    }
    return (String(decoding: digest, as: UTF8.self).lowercased(), name)
  }

  /// The name with `\n`, `\r` and `\\` resolved, from left to right; nil for another escape.
  private static func unescaped(_ name: String) -> String? {
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in name.utf8 {
      guard isEscaped else {
        if byte == UInt8(ascii: "\\") { isEscaped = true } else { bytes.append(byte) }
        continue
      }
      switch byte {
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "\\"): bytes.append(byte)
      default: return nil
      }
      isEscaped = false
    }
    return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
