import Formats
import SAE

extension Session {
  /// Lets a monitor watch the rows as they come, before their edits; nil for nobody.
  ///
  /// It takes every row that is applied, in scope or not, and none that is refused; position 0 is the
  /// special one. It reads every row: one that is not finite, or whose activations are not, is then
  /// refused out of scope too. Its stream goes with the tokens, not with positions: seeking does not take
  /// rows back, so after a rollback take over the state of a fork made before. ``reset(promptLength:)``
  /// resets it too; ``fork()`` and ``assign(_:)`` leave monitors alone: fork or assign those themselves.
  ///
  /// A monitor belongs to one session at a time, until that one watches with another, or with nil, or ends.
  /// A batch with several rows of this session allocates when it has more of them than every one before.
  /// - Throws: `shapeMismatch` for a monitor of rows of another width; `invalidArgument` for one of
  ///   another session, or whose dictionary reads another place than this session's edits: both name a
  ///   hook, and the hooks differ. The session then keeps what it had.
  public func watch(with monitor: FeatureMonitor?) throws(SteeringError) {
    if let monitor { try check(monitor) }
    self.monitor?.owner = nil
    self.monitor = monitor
    monitor?.owner = ObjectIdentifier(self)
  }

  private func check(_ monitor: FeatureMonitor) throws(SteeringError) {
    guard monitor.width == width else {
      throw SteeringError(
        .shapeMismatch,
        "the monitor reads rows of width \(monitor.width), expected the session's, \(width)")
    }
    if let read = monitor.streams.dictionary.input.hook, let edited = plan.dictionary.output.hook,
      read != edited
    {
      throw SteeringError(
        .invalidArgument,
        "the monitor reads rows of '\(MessageText.plain(read))', expected those that the session"
          + " edits, of '\(MessageText.plain(edited))'")
    }
    guard monitor.owner == nil || monitor.owner == ObjectIdentifier(self) else {
      throw SteeringError(
        .invalidArgument, "the monitor is another session's, expected one of no session or this one"
      )
    }
  }
}
