import Formats
import Steering

extension WatermarkKey {
  /// A new key that takes this one's place: fresh secret; same bank, count and scheme.
  ///
  /// This key stays as it is; ``retire(path:at:)`` ends its use.
  /// - Throws: `invalidArgument` when `id` is no name of a key, or is this key's, or `created` is out of
  ///   range; `inputOutput` when the system gives no random bytes.
  public func successor(id: String, created: Int) throws(SteeringError) -> WatermarkKey {
    try WatermarkKey(
      id: id, created: created, retired: nil, follows: self.id, bank: bank, count: count,
      documents: documents, secret: try Secret.random())
  }

  /// The same key, retired at `time`, in seconds since 1970; see ``retire(path:at:)`` for its file.
  ///
  /// - Throws: `invalidArgument` when it is retired already, or `time` lies before it was made.
  public func retired(at time: Int) throws(SteeringError) -> WatermarkKey {
    if let retired {
      throw SteeringError(
        .invalidArgument, "key '\(id)' was retired at \(retired), expected a key in use")
    }
    return try WatermarkKey(
      id: id, created: created, retired: time, follows: follows, bank: bank, count: count,
      documents: documents, secret: secret)
  }

  /// Nothing for a key in use; a retired one detects, but plans no more.
  ///
  /// - Throws: `invalidArgument` for a retired key, whatever its date.
  public func requireActive() throws(SteeringError) {
    guard let retired else { return }
    throw SteeringError(
      .invalidArgument,
      "key '\(id)' was retired at \(retired), expected a key in use: it detects, but marks no more")
  }

  /// Retires the key in the file at `path`, which is replaced whole, with mode 0600, or left as it is.
  ///
  /// - Throws: what ``read(path:)`` and ``retired(at:)`` throw, and `inputOutput`.
  /// - Returns: the retired key.
  @discardableResult
  public static func retire(path: String, at time: Int) throws(SteeringError) -> WatermarkKey {
    let key = try read(path: path).retired(at: time)
    try SteeringError.rendering { () throws(FormatError) in
      let file = try OutputFile.create(path)
      try file.setMode(0o600)
      try key.write(into: file)
    }
    return key
  }
}
