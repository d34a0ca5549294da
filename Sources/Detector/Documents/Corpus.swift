/// What a set of documents may be used for.
///
/// Selection, calibration and evaluation are types: fitting takes a `Corpus<Selection>`, calibrating a
/// `Corpus<Calibrating>`, evaluating a `Corpus<Evaluation>`, and none turns into another.
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
public enum Evaluation: SplitRole {
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

/// Documents of one role, none of them twice and none of them in a split of another role.
public struct Corpus<Role: SplitRole>: Sendable {
  /// The documents, in the order they came.
  public let documents: [DocumentCodes]
  /// Who they are.
  public let record: SplitRecord

  /// Takes documents into a role.
  ///
  /// - Parameter others: Splits that they must not appear in, with their roles' names.
  /// - Throws: `invalidArgument` naming a document that appears twice, or in another split.
  package init(
    _ documents: [DocumentCodes], disjointFrom others: [(role: String, record: SplitRecord)] = []
  ) throws(DetectionError) {
    var seen: Set<DocumentIdentity> = []
    for document in documents {
      guard seen.insert(document.identity).inserted else {
        throw DetectionError(.duplicate(document: document.id, split: Role.name))
      }
      for other in others where other.record.contains(document.identity) {
        throw DetectionError(
          .splitOverlap(document: document.id, first: other.role, second: Role.name))
      }
    }
    self.documents = documents
    record = SplitRecord(seen)
  }
}
