import Formats
import Steering

extension WatermarkKey {
  /// Puts a new key in the place of the one at `path`: writes the successor, then retires the old key.
  ///
  /// In this order there is a key in use at every moment; no key is ever overwritten.
  ///
  /// - Throws: what ``successor(id:created:)``, ``write(to:)`` and ``retire(path:at:)`` throw. When the old
  ///   key cannot be retired, the error says that the new one was written nevertheless.
  /// - Returns: the retired key, and its successor.
  public static func rotate(
    path: String, to newPath: String, id: String, at time: Int
  ) throws(SteeringError) -> (old: WatermarkKey, new: WatermarkKey) {
    let old = try read(path: path)
    try old.requireActive()
    // Whatever speaks against retiring it is found before anything is written.
    _ = try old.retired(at: time)
    let new = try old.successor(id: id, created: time)
    try new.write(to: newPath)
    do throws(SteeringError) {
      return (try retire(path: path, at: time), new)
    } catch {
      throw SteeringError(
        error.code,
        "\(newPath) holds the new key '\(new.id)', but key '\(old.id)' is still in use:"
          + " \(error.message); expected it to be retired")
    }
  }

  /// The bank's key with a random secret, `count` entries, or the bank's number of them.
  ///
  /// - Throws: `invalidArgument` for more entries than the bank has, or a bank that is bound to no dictionary,
  ///   whose fingerprint is still to change, and what
  ///   ``init(id:created:bank:count:documents:)`` throws.
  public init(
    id: String, created: Int, bank: WatermarkBank, count: Int? = nil, documents: DocumentScheme
  ) throws(SteeringError) {
    try self.init(
      id: id, created: created, bank: bank.fingerprint, count: count ?? bank.defaultCount,
      documents: documents)
    try bank.check(self)
  }
}
