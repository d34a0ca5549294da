import Formats

/// What became of a run.
public struct RunOutcome: Sendable {
  /// A shard that was left out.
  public struct Skip: Sendable, Equatable {
    /// The shard's name.
    public var shard: String
    /// Why, in one line.
    public var reason: String
  }

  /// The folder.
  public var folder: String
  /// Documents in the results.
  public var documentCount: Int
  /// Documents of which any structure is flagged.
  public var flaggedCount: Int
  /// Shards that were left out.
  public var skipped: [Skip]
  /// The content of `summary.json`; nil for one part of several, which are to be merged.
  package var summary: JSONValue?
}
