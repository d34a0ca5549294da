import Detector
import Formats
import Testing

/// Fits agree with scikit-learn's and NumPy's of the same documents.
@Suite struct FittingVectorTests {
  @Test(arguments: ["plain", "signed"])
  func bankIsTheOraclesBank(_ name: String) throws {
    let vector = try FittingCase(name)
    for expected in try vector.expectations("bank") {
      guard case .linear(let readout) = try vector.fit(.bank, expected) else {
        Issue.record("a bank is linear")
        continue
      }
      let terms = try #require(expected["terms"]?.asArray)
      try expectTerms(readout, terms, vector.tolerance)
      for (term, wanted) in zip(readout.terms, terms) {
        let evidence = try #require(term.evidence)
        let interval = try #require(wanted["interval"]).doubles()
        expectClose(
          [
            evidence.sufficiency, evidence.necessity, evidence.confidence,
            evidence.interval.lower, evidence.interval.upper,
          ],
          [
            try wanted.double("sufficiency"), try wanted.double("necessity"),
            try wanted.double("confidence"),
          ] + interval,
          try vector.tolerance, "evidence of feature \(term.feature)")
        #expect(evidence.pairCount == 40)
      }
      expectClose(
        [readout.intercept], [try expected.double("intercept")], try vector.tolerance, "intercept")
    }
  }

  @Test(arguments: ["plain", "signed"])
  func probeIsTheOraclesProbe(_ name: String) throws {
    let vector = try FittingCase(name)
    for expected in try vector.expectations("probe") {
      guard case .linear(let readout) = try vector.fit(.probe, expected) else {
        Issue.record("a probe is linear")
        continue
      }
      try expectTerms(readout, try #require(expected["terms"]?.asArray), vector.tolerance)
      expectClose(
        [readout.intercept], [try expected.double("intercept")], try vector.tolerance, "intercept")
      #expect(readout.terms.allSatisfy { $0.evidence == nil })
    }
  }

  @Test(arguments: ["plain", "signed"])
  func profileIsTheOraclesProfile(_ name: String) throws {
    let vector = try FittingCase(name)
    for expected in try vector.expectations("profile") {
      guard case .profile(let readout) = try vector.fit(.profile, expected) else {
        Issue.record("not a profile")
        continue
      }
      #expect(readout.features == (try #require(expected["features"]?.asArray)).map(\.asInt))
      expectClose(
        readout.shares, try #require(expected["shares"]).doubles(), try vector.tolerance, "shares")
    }
  }

  @Test(arguments: ["plain", "signed"])
  func subspaceIsTheOraclesSubspace(_ name: String) throws {
    let vector = try FittingCase(name)
    for expected in try vector.expectations("subspace") {
      guard case .subspace(let readout) = try vector.fit(.subspace, expected) else {
        Issue.record("not a subspace")
        continue
      }
      #expect(readout.features == (try #require(expected["features"]?.asArray)).map(\.asInt))
      #expect(readout.rank == expected["rank"]?.asInt)
      let basis = try #require(expected["basis"]?.asArray).flatMap { try $0.doubles() }
      expectClose(readout.basis, basis, try vector.tolerance, "basis")
    }
  }

  @Test func denseProbeIsTheOraclesProbe() throws {
    let vector = try FittingCase("dense")
    for expected in try vector.expectations("cases") {
      let rows = try #require(expected["rows"]?.asArray).map { try $0.doubles() }
      let labels = try #require(expected["labels"]?.asArray).map {
        try #require($0.asBool as Bool?)
      }
      let documents = zip(rows, labels).enumerated().map { index, entry in
        var document = DocumentCodes(
          id: "d\(index)", identity: DocumentIdentity(bits: UInt64(index)), featureCount: 3)
        document.append(features: [], values: [], use: .kept)
        document.labels = ["tense": entry.1]
        document.denseMean = entry.0.map(Float.init)
        return document
      }
      let detector = try FittedDetector(
        fitting: FitOptions(kind: .dense, inverseStrength: try expected.double("c")),
        on: Corpus(documents), name: "test",
        dictionary: FittedDetector.DictionaryReference(
          name: "d", fingerprint: "", featureCount: 3, modelWidth: rows[0].count, hook: nil),
        masking: Masking())
      guard case .dense(let readout) = detector.structures[0].readout else {
        Issue.record("not dense")
        continue
      }
      expectClose(
        readout.weights, try #require(expected["weights"]).doubles(), try vector.tolerance,
        "weights")
      expectClose(
        [readout.intercept], [try expected.double("intercept")], try vector.tolerance, "intercept")
      #expect(readout.weights.last == 0, "a column that does not vary has no weight")
    }
  }

  private func expectTerms(
    _ readout: LinearReadout, _ expected: [JSONValue], _ tolerance: Double
  ) throws {
    try #require(!expected.isEmpty)
    #expect(readout.terms.map(\.feature) == expected.map { $0["feature"]?.asInt })
    #expect(readout.terms.map(\.reading.rawValue) == expected.map { $0["reading"]?.asString })
    expectClose(
      readout.terms.map(\.weight), try expected.map { try $0.double("weight") }, tolerance, "weight"
    )
    expectClose(
      readout.terms.map(\.centre), try expected.map { try $0.double("centre") }, tolerance, "centre"
    )
    expectClose(
      readout.terms.map(\.scale), try expected.map { try $0.double("scale") }, tolerance, "scale")
  }
}
