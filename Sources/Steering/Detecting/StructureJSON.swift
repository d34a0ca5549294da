import Detector
import Formats
import SAE

/// The structures of a detector's document.
enum StructureJSON {
  static func read(
    _ field: DetectorField, _ dictionary: FittedDetector.DictionaryReference
  ) throws(SteeringError) -> Structure {
    let object = try field.object(["name", "pooling", "readout"])
    return Structure(
      name: try object.field("name").text(),
      readout: try readReadout(try object.field("readout"), dictionary),
      pooling: try object.field("pooling").choice())
  }

  private static func readReadout(
    _ field: DetectorField, _ dictionary: FittedDetector.DictionaryReference
  ) throws(SteeringError) -> Readout {
    let types = ["linear", "profile", "subspace", "dense"]
    guard field.value.asObject != nil else { throw field.mismatch("an object") }
    let type = field.value["type"] ?? .null
    switch type.asString {
    case "linear": return .linear(try readLinear(field, dictionary))
    case "profile":
      let object = try field.object(["type", "features", "shares"])
      let features = try readFeatures(try object.field("features"), dictionary, ascending: false)
      let shares = try object.field("shares")
      var values: [Double] = []
      for item in try shares.items(features.count...features.count) {
        values.append(try item.number(in: 0...1))
      }
      // Shares of a whole, but for rounding.
      guard values.reduce(0, +) <= 1 + 1e-9 else { throw shares.failure("adds up to more than 1") }
      return .profile(ProfileReadout(features: features, shares: values))
    case "subspace":
      let object = try field.object(["type", "features", "basis"])
      let features = try readFeatures(try object.field("features"), dictionary, ascending: true)
      var basis: [Double] = []
      let rows = try object.field("basis").items(1...min(DetectorLimits.rank, features.count))
      for row in rows { basis += try row.numbers(features.count...features.count) }
      return .subspace(SubspaceReadout(features: features, basis: basis, rank: rows.count))
    case "dense":
      let object = try field.object(["type", "intercept", "weights"])
      let width = dictionary.modelWidth
      return .dense(
        DenseReadout(
          weights: try object.field("weights").numbers(width...width),
          intercept: try object.field("intercept").number()))
    default:
      throw DetectorField(value: type, path: field.path + ".type").mismatch(
        "one of " + types.joined(separator: ", "))
    }
  }

  private static func readLinear(
    _ field: DetectorField, _ dictionary: FittedDetector.DictionaryReference
  ) throws(SteeringError) -> LinearReadout {
    let object = try field.object(["type", "intercept", "terms"])
    var terms: [LinearReadout.Term] = []
    for item in try object.field("terms").items(1...DetectorLimits.terms) {
      let term = try item.object([
        "feature", "reading", "weight", "centre", "scale", "evidence",
      ])
      let index = try term.field("feature")
      let feature = try index.integer(in: 0...(dictionary.featureCount - 1))
      let reading: Reading = try term.field("reading").choice()
      if let last = terms.last,
        (feature, order(reading)) <= (last.feature, order(last.reading))
      {
        throw index.failure("is \(feature) after \(last.feature), expected ascending features")
      }
      terms.append(
        LinearReadout.Term(
          feature: feature, reading: reading, weight: try term.field("weight").number(),
          centre: try term.field("centre").number(), scale: try term.field("scale").positive(),
          evidence: try term.optional("evidence").map(readEvidence)))
    }
    return LinearReadout(terms: terms, intercept: try object.field("intercept").number())
  }

  private static func order(_ reading: Reading) -> Int {
    switch reading {
    case .positive: 0
    case .negative: 1
    case .magnitude: 2
    }
  }

  private static func readEvidence(
    _ field: DetectorField
  ) throws(SteeringError) -> LinearReadout.Evidence {
    let object = try field.object([
      "sufficiency", "necessity", "confidence", "interval", "pairs",
    ])
    return LinearReadout.Evidence(
      sufficiency: try object.field("sufficiency").number(in: 0...1),
      necessity: try object.field("necessity").number(in: 0...1),
      confidence: try object.field("confidence").number(in: 0...1),
      interval: try object.field("interval").interval(),
      pairCount: try object.field("pairs").integer(in: 1...DetectorLimits.documents))
  }

  private static func readFeatures(
    _ field: DetectorField, _ dictionary: FittedDetector.DictionaryReference, ascending: Bool
  ) throws(SteeringError) -> [Int] {
    var features: [Int] = []
    var seen: Set<Int> = []
    for item in try field.items(1...DetectorLimits.terms) {
      let feature = try item.integer(in: 0...(dictionary.featureCount - 1))
      if ascending, let last = features.last, feature <= last {
        throw item.failure("is \(feature) after \(last), expected ascending features")
      }
      guard seen.insert(feature).inserted else {
        throw item.failure("is \(feature) again, expected distinct features")
      }
      features.append(feature)
    }
    return features
  }

  static func write(_ structure: Structure) -> JSONValue {
    .object([
      .init("name", .string(structure.name)),
      .init("pooling", .string(structure.pooling.rawValue)),
      .init("readout", .object(write(structure.readout))),
    ])
  }

  private static func write(_ readout: Readout) -> [JSONValue.Member] {
    switch readout {
    case .linear(let linear):
      [
        .init("type", "linear"), .init("intercept", .number(linear.intercept)),
        .init("terms", .array(linear.terms.map(write))),
      ]
    case .profile(let profile):
      [
        .init("type", "profile"), .init("features", .integers(profile.features)),
        .init("shares", .numbers(profile.shares)),
      ]
    case .subspace(let subspace):
      [
        .init("type", "subspace"), .init("features", .integers(subspace.features)),
        .init("basis", .rows(subspace.basis, width: subspace.features.count)),
      ]
    case .dense(let dense):
      [
        .init("type", "dense"), .init("intercept", .number(dense.intercept)),
        .init("weights", .numbers(dense.weights)),
      ]
    }
  }

  private static func write(_ term: LinearReadout.Term) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("feature", .integer(Int64(term.feature))),
      .init("reading", .string(term.reading.rawValue)), .init("weight", .number(term.weight)),
      .init("centre", .number(term.centre)), .init("scale", .number(term.scale)),
    ]
    if let evidence = term.evidence {
      members.append(
        .init(
          "evidence",
          .object([
            .init("sufficiency", .number(evidence.sufficiency)),
            .init("necessity", .number(evidence.necessity)),
            .init("confidence", .number(evidence.confidence)),
            .init("interval", .numbers([evidence.interval.lower, evidence.interval.upper])),
            .init("pairs", .integer(Int64(evidence.pairCount))),
          ])))
    }
    return .object(members)
  }
}

extension JSONValue {
  static func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

  static func integers(_ values: [Int]) -> JSONValue {
    .array(values.map { .integer(Int64($0)) })
  }

  /// A row-major matrix as an array of rows.
  static func rows(_ values: [Double], width: Int) -> JSONValue {
    .array(
      stride(from: 0, to: values.count, by: max(width, 1)).map {
        .numbers(Array(values[$0..<min($0 + width, values.count)]))
      })
  }
}
