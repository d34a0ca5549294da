import Steering

/// A key and a document identifier to be tried on a document, with the entries that they choose.
public struct MarkCandidate: Sendable, Hashable {
  /// The key's id.
  public let key: String
  /// What a document is taken for.
  public let identifier: DocumentIdentifier
  /// The entries that would be marked.
  public let selection: MarkSelection

  /// What `key` would have marked in the document `identifier`; a retired key is tried too.
  ///
  /// - Throws: `invalidArgument` for a key of another bank, or an identifier of another scheme.
  public init(
    _ key: WatermarkKey, identifier: DocumentIdentifier, bank: WatermarkBank
  ) throws(SteeringError) {
    selection = try bank.selection(key: key, document: identifier)
    self.key = key.id
    self.identifier = identifier
  }

  /// A candidate of any choice, for trials.
  public init(key: String, identifier: DocumentIdentifier, selection: MarkSelection) {
    self.key = key
    self.identifier = identifier
    self.selection = selection
  }
}
