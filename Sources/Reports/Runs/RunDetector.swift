import Detector
import Formats

/// What a run's summary says of its detector.
package struct RunDetector: Equatable, Sendable {
  package var name: String
  package var kind: String
  /// The dictionary's name.
  package var dictionary: String
  package var structures: [String]
  /// How structures are combined to one p-value; nil where they are not.
  package var combination: String?
  /// SHA-256 of the detector's document.
  package var digest: String

  package init(_ detector: FittedDetector, digest: String) {
    name = detector.name
    kind = detector.kind.rawValue
    dictionary = detector.dictionary.name
    structures = detector.structures.map(\.name)
    combination =
      detector.structures.count > 1 ? detector.calibration?.combination.rawValue : nil
    self.digest = digest
  }

  package var json: JSONValue {
    [
      "name": .string(name), "kind": .string(kind), "dictionary": .string(dictionary),
      "structures": .array(structures.map { .string($0) }),
      "combination": combination.map { .string($0) } ?? .null,
      "sha256": .string(digest),
    ]
  }

  /// A description as ``json`` writes it; nil for anything else.
  package init?(json: JSONValue) {
    guard let name = json["name"]?.asString, let kind = json["kind"]?.asString,
      let dictionary = json["dictionary"]?.asString, let combination = json["combination"],
      let structures = json["structures"]?.asArray?.compactMap(\.asString),
      let digest = json["sha256"]?.asString
    else { return nil }
    self.name = name
    self.kind = kind
    self.dictionary = dictionary
    self.structures = structures
    self.combination = combination.asString
    self.digest = digest
  }
}
