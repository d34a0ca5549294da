/// What a set of documents may be used for.
///
/// Fitting takes a `Corpus<Selection>` and nothing else. That calibration and evaluation meet none of its
/// documents, nor each other's, is checked by identity, document by document: see ``SplitRecord``.
public protocol SplitRole: Sendable {
  /// The role's name in messages and documents.
  static var name: String { get }
}

/// Documents that features and weights are chosen on.
public enum Selection: SplitRole {
  /// `selection`.
  public static let name = "selection"
}

/// Null documents that thresholds and p-values come from.
public enum Calibrating: SplitRole {
  /// `calibration`.
  public static let name = "calibration"
}

/// Documents that nothing was chosen or calibrated on.
public enum Evaluating: SplitRole {
  /// `evaluation`.
  public static let name = "evaluation"
}

/// Who took part in a split: the documents' identities, sorted, without repetition.
public struct SplitRecord: Sendable, Equatable {
  /// Identities, ascending.
  public let identities: [DocumentIdentity]

  /// A record of `identities`, in any order.
  public init(_ identities: some Sequence<DocumentIdentity>) {
    self.identities = Array(Set(identities)).sorted()
  }

  /// Whether a document took part.
  ///
  /// - Complexity: O(log n).
  public func contains(_ identity: DocumentIdentity) -> Bool {
    var low = 0
    var high = identities.count
    while low < high {
      let middle = (low + high) / 2
      if identities[middle] < identity { low = middle + 1 } else { high = middle }
    }
    return low < identities.count && identities[low] == identity
  }
}

/// Documents of one role, none of them twice for the same structure and none of them in a split of another role.
public struct Corpus<Role: SplitRole>: Sendable {
  /// The documents, in the order they came.
  public let documents: [DocumentCodes]
  /// Who they are.
  public let record: SplitRecord

  /// Takes documents into a role.
  ///
  /// - Parameters:
  ///   - others: Splits that they must not appear in, with their roles' names.
  ///   - allowsOtherLabels: Whether a document may come again with labels for other structures alone: a
  ///     text can be one side of several structures' pairs.
  /// - Throws: `duplicate` for a document that appears twice, `splitOverlap` for one in another split.
  package init(
    _ documents: [DocumentCodes], disjointFrom others: [(role: String, record: SplitRecord)] = [],
    allowsOtherLabels: Bool = false
  ) throws(DetectionError) {
    var seen: [DocumentIdentity: Set<String>] = [:]
    for document in documents {
      let names = Set(document.labels.keys)
      if let labelled = seen[document.identity] {
        guard allowsOtherLabels, !names.isEmpty, !labelled.isEmpty, labelled.isDisjoint(with: names)
        else { throw DetectionError(.duplicate(document: document.id, split: Role.name)) }
      }
      seen[document.identity, default: []].formUnion(names)
      for other in others where other.record.contains(document.identity) {
        throw DetectionError(
          .splitOverlap(document: document.id, first: other.role, second: Role.name))
      }
    }
    self.documents = documents
    record = SplitRecord(seen.keys)
  }

  private init(_ documents: [DocumentCodes], record: SplitRecord) {
    self.documents = documents
    self.record = record
  }

  /// The corpus without documents that have no kept token, and without the other side of their pairs: half
  /// a pair is no contrast. The record stays that of all.
  package var withKeptTokens: Corpus {
    let empty = documents.filter { $0.counts.kept == 0 }
    guard !empty.isEmpty else { return self }
    let pairs = Set(empty.compactMap(\.pair))
    return Corpus(
      documents.filter { $0.counts.kept > 0 && $0.pair.map { !pairs.contains($0) } ?? true },
      record: record)
  }
}
