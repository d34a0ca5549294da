import Steering
import Tensors

/// The secret that marks texts, and finds the mark again; whoever has it can mark, detect and forge.
///
/// A key belongs to one bank, chooses `count` of its entries for each document, and knows how documents
/// are told apart. It is replaced, not changed: ``successor(id:created:)`` makes the next one, and
/// ``retire(path:at:)`` ends the use of the old one, which still detects. No description, dump or error
/// holds the secret.
public struct WatermarkKey: Sendable {
  /// Its name: 1 to 64 of the letters A to Z and a to z, digits, `.`, `_` and `-`.
  public let id: String
  /// When it was made, in seconds since 1970 UTC.
  public let created: Int
  /// From when on it plans no more, in seconds since 1970 UTC; nil for a key in use.
  public let retired: Int?
  /// The `id` of the key that it replaces; nil for a first one.
  public let follows: String?
  /// Fingerprint of the bank that it was made for: 64 lower-case hexadecimal digits.
  public let bank: String
  /// How many entries of the bank mark each document, from 1.
  public let count: Int
  /// How documents are told apart.
  public let documents: DocumentScheme
  /// The 32 secret bytes.
  package let secret: Secret

  /// Latest time that a key may hold: the end of the year 9999.
  package static let latestTime = 253_402_300_799
  /// Most entries that a key may choose.
  package static let maximumCount = 1_000_000

  /// Makes a new key with a random secret.
  ///
  /// - Throws: `invalidArgument` naming what is out of its range; `inputOutput` when the system gives no
  ///   random bytes.
  public init(
    id: String, created: Int, bank: String, count: Int, documents: DocumentScheme
  ) throws(SteeringError) {
    try self.init(
      id: id, created: created, retired: nil, follows: nil, bank: bank, count: count,
      documents: documents, secret: try Secret.random())
  }

  /// Puts a key together from all its parts.
  ///
  /// - Throws: `invalidArgument` naming what is out of its range.
  package init(
    id: String, created: Int, retired: Int?, follows: String?, bank: String, count: Int,
    documents: DocumentScheme, secret: Secret
  ) throws(SteeringError) {
    self.id = id
    self.created = created
    self.retired = retired
    self.follows = follows
    self.bank = bank
    self.count = count
    self.documents = documents
    self.secret = secret
    if let (field, detail) = fault {
      throw SteeringError(.invalidArgument, "'\(field)' \(detail)")
    }
  }

  /// A name that tells this key from others and says nothing of its secret: 16 hexadecimal digits.
  ///
  /// The first 8 bytes of HMAC-SHA256(secret, "steering-watermark-key-fingerprint/1").
  public var fingerprint: String {
    var message = secret.authenticator
    message.update("steering-watermark-key-fingerprint/1")
    return Hexadecimal.text(Array(message.finish().prefix(8)))
  }

  /// Whether `id` may name a key.
  package static func isValid(id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { unit in
        switch unit {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._-".utf8.contains(unit)
        }
      }
  }

  /// The first field that is out of its range, with what is wrong; texts are not quoted.
  private var fault: (field: String, detail: String)? {
    let name = "expected 1 to 64 of A-Z a-z 0-9 . _ -"
    let times = 0...WatermarkKey.latestTime
    if !WatermarkKey.isValid(id: id) { return ("id", "is no name of a key, \(name)") }
    if !times.contains(created) {
      return ("created", "is \(created), expected 0 to \(times.upperBound)")
    }
    if let retired, !(created...times.upperBound).contains(retired) {
      return ("retired", "is \(retired), expected \(created) ('created') to \(times.upperBound)")
    }
    if let follows, !WatermarkKey.isValid(id: follows) {
      return ("follows", "is no name of a key, \(name)")
    }
    if follows == id { return ("follows", "is the key itself, expected the key that it replaces") }
    if !Hexadecimal.isDigest(bank) {
      return (
        "bank", "has \(bank.count) characters, expected 64 lower-case hexadecimal digits"
      )
    }
    if !(1...WatermarkKey.maximumCount).contains(count) {
      return ("count", "is \(count), expected 1 to \(WatermarkKey.maximumCount)")
    }
    if case .window(let seconds) = documents,
      !(1...DocumentScheme.maximumSeconds).contains(seconds)
    {
      return (
        "documents.seconds", "is \(seconds), expected 1 to \(DocumentScheme.maximumSeconds)"
      )
    }
    return nil
  }
}
