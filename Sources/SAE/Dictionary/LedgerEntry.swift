/// One decision that was taken while a dictionary was opened: what holds, and how it is known.
public struct LedgerEntry: Sendable, Equatable {
  /// Where a decision comes from.
  public enum Source: Sendable, Equatable {
    /// Stated by the publisher's configuration, under this key.
    case config(key: String)
    /// The publisher's documented default for a missing key.
    case publisherDefault(key: String)
    /// A rule of the publisher's format or library.
    case formatRule
    /// Declared by the name of a file or folder alone; never decides arithmetic.
    case fileName(String)
    /// Given by the caller.
    case option(String)
    /// Found by looking at the weights.
    case measured
  }

  /// What the decision is about, for example `decoder bias`.
  public var subject: String
  /// What holds, in plain words.
  public var statement: String
  /// How it is known.
  public var source: Source

  /// Makes an entry.
  public init(_ subject: String, _ statement: String, source: Source) {
    self.subject = subject
    self.statement = statement
    self.source = source
  }
}

extension LedgerEntry.Source: CustomStringConvertible {
  /// The source as it is printed beside a decision.
  public var description: String {
    switch self {
    case .config(let key): "cfg '\(key)'"
    case .publisherDefault(let key): "default, cfg has no '\(key)'"
    case .formatRule: "format rule"
    case .fileName(let name): "name '\(name)'"
    case .option(let name): "given: \(name)"
    case .measured: "measured"
    }
  }
}
