import SAE
import Tensors

/// Applies a plan to the rows of one sequence, in order, in place.
///
/// All activations are read from a row before any edit, then all edits are added at once, so the order
/// of interventions does not matter. A row that no edit changes keeps its bits.
///
/// Not Sendable: one session per sequence, one thread at a time. Scratch is allocated at creation;
/// applying allocates nothing, locks nothing and does no I/O.
public final class Session {
  /// What happened to the rows of a session so far.
  public struct Counts: Sendable, Equatable {
    /// Rows that were given.
    public var rows = 0
    /// Rows that some intervention covers.
    public var rowsInScope = 0
    /// Rows that were changed.
    public var rowsEdited = 0
    /// Rows in scope that were left alone because their normalisation is undefined.
    public var rowsUndefined = 0

    /// No rows yet.
    public init() {}
  }

  /// The plan that is applied.
  public let plan: Plan
  // Exclusive access to the state below is not checked at run time: a session belongs to one thread at a
  // time, and no code of a caller runs while it is read or changed.

  /// Position of the next row; starts at 0.
  @exclusivity(unchecked)
  public internal(set) var position = 0
  /// Tokens of the prompt: positions from here on are generated ones.
  @exclusivity(unchecked)
  public var promptLength: Int
  /// What happened to the rows so far.
  @exclusivity(unchecked)
  public internal(set) var counts = Counts()

  /// What watches the rows as they come, before their edits; nil for none. See ``watch(with:)``.
  @exclusivity(unchecked)
  public internal(set) var monitor: FeatureMonitor?

  /// What the next row is called in errors; nil for its position.
  @exclusivity(unchecked)
  var rowName: Int?
  /// The position at which a batch found the session.
  @exclusivity(unchecked)
  var batchStart = 0
  /// The row of the running batch whose edit stands in the scratch; nil for none.
  @exclusivity(unchecked)
  var pendingRow: Int?
  /// That edit.
  @exclusivity(unchecked)
  var pendingEdit = RowEdit.outOfScope
  /// The edit of the last row.
  @exclusivity(unchecked)
  var change = Change()
  /// Which of the plan's first 64 scopes held for the last row, one bit each.
  @exclusivity(unchecked)
  var heldScopes: UInt64 = 0
  let scratch: Scratch

  /// Starts a sequence at position 0.
  ///
  /// `promptLength` decides which positions count as generated; without it all are prompt. It matters
  /// only to scopes with a phase.
  public init(_ plan: Plan, promptLength: Int = .max) {
    self.plan = plan
    self.promptLength = promptLength
    scratch = Scratch(plan)
  }

  deinit { monitor?.owner = nil }

  /// A session in the same state: for a beam, or a copied cache of keys and values.
  public func fork() -> Session {
    let copy = Session(plan, promptLength: promptLength)
    copy.assign(self)
    return copy
  }

  /// Takes over the state of another session of the same plan; allocates nothing.
  public func assign(_ other: Session) {
    precondition(other.plan === plan, "sessions of different plans")
    position = other.position
    promptLength = other.promptLength
    counts = other.counts
    rowName = other.rowName
  }

  /// Starts another sequence at position 0, with all counts at zero.
  public func reset(promptLength: Int = .max) {
    position = 0
    self.promptLength = promptLength
    counts = Counts()
    rowName = nil
    monitor?.reset()
  }

  /// Width of the rows that it edits.
  public var width: Int { plan.width }

  /// Moves the position of the next row, for rows that do not come one after the other.
  public func seek(to position: Int) {
    precondition(position >= 0, "position must not be negative")
    self.position = position
    rowName = nil
  }

  /// Moves the position of the next row, and says which row of a file it is.
  package func seek(to position: Int, row: Int) {
    seek(to: position)
    rowName = row
  }

  /// Whether some intervention covers the row at `position`.
  public func covers(_ position: Int) -> Bool {
    for scope in plan.scopes
    where scope.contains(position: position, promptLength: promptLength) {
      return true
    }
    return false
  }

  /// Moves on by one row of which `edit` is known.
  func advance(_ edit: RowEdit) {
    // A file may claim the last position that there is.
    if position < .max { position += 1 }
    counts.rows += 1
    if edit.isInScope { counts.rowsInScope += 1 }
    switch edit.outcome {
    case .edited: counts.rowsEdited += 1
    case .undefined: counts.rowsUndefined += 1
    case .untouched: break
    }
  }

  /// Whether some edit of `plan.features[slot]` covered the last row; not after a batch.
  ///
  /// A session at several rows of a ``RowBatch`` holds what was computed last, which need not be its last
  /// row.
  package func isInScope(slot: Int) -> Bool {
    for edit in plan.edits[plan.editsOfSlot[slot]] where scratch.holds(scope: edit.scope) {
      return true
    }
    return false
  }

  /// The coefficient of the decoder row of `plan.features[slot]` in the last edit; not after a batch, as
  /// ``isInScope(slot:)``.
  package func coefficient(ofSlot slot: Int) -> Float {
    precondition(slot >= 0 && slot < plan.features.count, "slot out of range")
    if let fixed = plan.fixed, let place = change.fixedPlace {
      return fixed.coefficients[place * plan.features.count + slot]
    }
    return scratch.coefficients[slot]
  }
}
