import Detector
import Formats
import Foundation
import Testing

/// A case of vectors/detector/fitting.
struct FittingCase {
  let json: JSONValue

  init(_ name: String, file: String = #filePath) throws {
    let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("vectors").path
    json = try JSONValue.read(path: "\(root)/detector/fitting/\(name)/case.json")
  }

  var tolerance: Double { get throws { try #require(json["tolerance"]?.asDouble) } }

  var featureCount: Int { get throws { try #require(json["feature_count"]?.asInt) } }

  /// The selection corpus: every document labelled with `tense`, both of a pair together.
  func corpus(paired: Bool = true) throws -> Corpus<Selection> {
    let documents = try #require(json["documents"]?.asArray)
    return try Corpus(
      documents.enumerated().map { index, entry in
        var document = DocumentCodes(
          id: "d\(index)", identity: DocumentIdentity(bits: UInt64(index)),
          featureCount: try featureCount)
        for token in try #require(entry["tokens"]?.asArray) {
          let active = try #require(token.asArray)
          document.append(
            features: try active.map { Int32(try #require($0.asArray?[0].asInt)) },
            values: try active.map { Float(try #require($0.asArray?[1].asDouble)) }, use: .kept)
        }
        if paired { document.pair = try #require(entry["pair"]?.asString) }
        document.labels = ["tense": try #require(entry["present"]?.asBool as Bool?)]
        return document
      })
  }

  /// The expectations of one kind; none is an error.
  func expectations(_ kind: String) throws -> [JSONValue] {
    let all = try #require(json[kind]?.asArray)
    try #require(!all.isEmpty)
    return all
  }

  /// The detector that the options of an expectation fit.
  func fit(_ kind: FittedDetector.Kind, _ expected: JSONValue) throws -> Readout {
    let pooling = try #require(expected["pooling"]?.asString.flatMap(Pooling.init(rawValue:)))
    let detector = try FittedDetector(
      fitting: FitOptions(
        kind: kind, pooling: pooling,
        featureCount: expected["k"]?.asInt ?? expected["m"]?.asInt,
        inverseStrength: expected["c"]?.asDouble,
        weighting: expected["weighting"]?.asString.flatMap(BankWeighting.init) ?? .logistic),
      on: corpus(paired: expected["paired"]?.asBool ?? true), name: "test",
      dictionary: FittedDetector.DictionaryReference(
        name: "d", fingerprint: "", featureCount: try featureCount, modelWidth: 4, hook: nil),
      masking: Masking())
    #expect(detector.structures.map(\.name) == ["tense"])
    #expect(detector.structures[0].pooling == pooling)
    #expect(detector.selection == (try corpus()).record)
    return detector.structures[0].readout
  }
}

extension JSONValue {
  func doubles() throws -> [Double] {
    try #require(asArray).map { try #require($0.asDouble) }
  }

  func double(_ name: String) throws -> Double { try #require(self[name]?.asDouble) }
}

/// Whether numbers agree to `tolerance`, relative to the larger of 1 and the expected one.
func expectClose(
  _ found: [Double], _ expected: [Double], _ tolerance: Double, _ what: String,
  location: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: location)
  for (index, pair) in zip(found, expected).enumerated() {
    #expect(
      abs(pair.0 - pair.1) <= tolerance * max(1, abs(pair.1)),
      "\(what)[\(index)] is \(pair.0), expected \(pair.1)", sourceLocation: location)
  }
}
