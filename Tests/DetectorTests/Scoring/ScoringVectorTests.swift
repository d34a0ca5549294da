import Detector
import Formats
import Testing

/// vectors/detector/scoring: the same formulas in NumPy and SciPy, on dense matrices.
@Suite struct ScoringVectorTests {
  private let file: JSONValue
  private let detector: FittedDetector

  init() throws {
    file = try StatisticsVector.read("scores", in: "scoring")
    detector = try Self.detector(file)
  }

  private static func detector(_ file: JSONValue) throws -> FittedDetector {
    FittedDetector(
      name: "vector", kind: .bank,
      dictionary: FittedDetector.DictionaryReference(
        name: "none", fingerprint: "", featureCount: try file.integer("featureCount"),
        modelWidth: try file.integer("width"), hook: nil),
      masking: Masking(), structures: try StatisticsVector.rows(file["structures"]).map(structure),
      selection: SplitRecord([]))
  }

  private static func structure(_ value: JSONValue) throws -> Structure {
    Structure(
      name: try #require(value["name"]?.asString), readout: try readout(value),
      pooling: try #require(value["pooling"]?.asString.flatMap(Pooling.init(rawValue:))))
  }

  private static func readout(_ value: JSONValue) throws -> Readout {
    switch value["readout"]?.asString {
    case "profile":
      return .profile(
        ProfileReadout(
          features: try value.numbers("features").map { Int($0) },
          shares: try value.numbers("shares")))
    case "subspace":
      return .subspace(
        SubspaceReadout(
          features: try value.numbers("features").map { Int($0) },
          basis: try value.numbers("basis"), rank: try value.integer("rank")))
    case "dense":
      return .dense(
        DenseReadout(
          weights: try value.numbers("weights"), intercept: try value.number("intercept")))
    default:
      let (weights, centres) = (try value.numbers("weights"), try value.numbers("centres"))
      let scales = try value.numbers("scales")
      let readings = try #require(value["readings"]?.asArray).map {
        try #require($0.asString.flatMap(Reading.init(rawValue:)))
      }
      let terms = try value.numbers("features").enumerated().map { index, feature in
        LinearReadout.Term(
          feature: Int(feature), reading: readings[index], weight: weights[index],
          centre: centres[index], scale: scales[index])
      }
      return .linear(LinearReadout(terms: terms, intercept: try value.number("intercept")))
    }
  }

  private func document(_ value: JSONValue, _ number: Int) throws -> DocumentCodes {
    var document = DocumentCodes(
      id: "vector-\(number)", identity: DocumentIdentity(bits: UInt64(number)),
      featureCount: detector.dictionary.featureCount)
    let (uses, segments) = (try value.numbers("uses"), try value.numbers("segments"))
    for (token, row) in try StatisticsVector.rows(value["tokens"]).enumerated() {
      let parts = try #require(row.asArray)
      document.append(
        features: try #require(parts[0].asArray).map { Int32(try #require($0.asInt)) },
        values: try #require(parts[1].asArray).map { Float(try #require($0.asDouble)) },
        use: try #require(TokenUse(rawValue: UInt8(uses[token]))), segment: Int32(segments[token]))
    }
    document.denseMean = try value.numbers("mean").map { Float($0) }
    return document
  }

  private func isNear(_ actual: Double, _ expected: Double) -> Bool {
    isClose(actual, expected, floor: 1)
  }

  @Test func scoresContributionsAndSegments() throws {
    let scorer = try Scorer(detector)
    for (number, item) in try StatisticsVector.rows(file["cases"]).enumerated() {
      let document = try document(try #require(item["document"]), number)
      let verdict = scorer.verdict(of: document)
      let expected = try item.numbers("scores")
      #expect(verdict.findings.count == expected.count)
      for (finding, score) in zip(verdict.findings, expected) {
        #expect(isNear(finding.score, score), "document \(number), \(finding.structure)")
      }
      if let rows = item["contributions"]?.asArray {
        for (finding, row) in zip(verdict.findings, rows) {
          let expected = try row.asArray?.map { Float(try #require($0.asDouble)) }
          #expect((finding.contributions == nil) == (expected == nil))
          for (part, wanted) in zip(finding.contributions ?? [], expected ?? []) {
            #expect(abs(part - wanted) <= 1e-6 * max(1, abs(wanted)))
          }
        }
      }
      try check(try #require(item["segments"]?.asArray), verdict)
    }
  }

  private func check(_ segments: [JSONValue], _ verdict: Verdict) throws {
    for (index, finding) in verdict.findings.enumerated() {
      guard finding.structure != "dense" else { continue }
      #expect(finding.segments.count == segments.count)
      for (found, item) in zip(finding.segments, segments) {
        let parts = try #require(item.asArray)
        #expect(Int(found.segment) == parts[0].asInt)
        let expected = parts[1].asArray?[index].asDouble
        #expect((found.score == nil) == (expected == nil))
        if let score = found.score, let expected { #expect(isNear(score, expected)) }
      }
    }
  }

  @Test(arguments: Calibration.Combination.allCases)
  func calibratedPValues(_ combination: Calibration.Combination) throws {
    let nulls = try StatisticsVector.read("calibration", in: "scoring")
    let calibrator = try Calibrator(
      detector,
      options: CalibrationOptions(
        minimumPerBucket: try file.integer("minimum"), maximumBuckets: 2,
        combination: combination))
    for (number, item) in try StatisticsVector.rows(nulls["nulls"]).enumerated() {
      try calibrator.add(try document(item, 1000 + number))
    }
    let calibrated = try calibrator.finish()
    let calibration = try #require(calibrated.calibration)
    let lengths = try StatisticsVector.rows(nulls["lengths"]).compactMap(\.asArray)
    #expect(
      calibration.buckets.map { [$0.lengths.lowerBound, $0.lengths.upperBound] }
        == lengths.map { $0.compactMap(\.asInt) })
    #expect(areClose(calibration.correlation, try nulls.numbers("correlation"), floor: 1))
    for (bucket, rows) in zip(
      calibration.buckets, try StatisticsVector.rows(nulls["scores"]).compactMap(\.asArray))
    {
      for (null, row) in zip(bucket.nulls, rows) {
        let scores = row.asArray?.compactMap(\.asDouble) ?? []
        #expect(null.sorted == scores.map { Double(Float($0)) })
      }
    }

    let scorer = try Scorer(calibrated)
    var withoutP = 0
    for (number, item) in try StatisticsVector.rows(file["cases"]).enumerated() {
      let verdict = scorer.verdict(of: try document(try #require(item["document"]), number))
      guard let expected = item["verdict"], expected["p"] != nil else {
        #expect(verdict.limit == .tooShort || verdict.limit == .tooLong)
        withoutP += 1
        continue
      }
      #expect(verdict.findings.map(\.p) == (try expected.numbers("p").map { $0 }))
      let together = try #require(expected["combined"])
      #expect(verdict.combinedP == (try together.number(combination.rawValue)))
    }
    #expect(withoutP == 2)
  }
}
