import Detector
import Testing

@Suite struct ScorerTests {
  /// The definition, feature by feature.
  private func expected(
    _ structure: Structure, _ document: DocumentCodes, in segment: Int32? = nil
  ) -> Double {
    guard case .linear(let readout) = structure.readout else { return .nan }
    return readout.terms.reduce(readout.intercept) { sum, term in
      let pooled = document.pooled(term.feature, term.reading, structure.pooling, in: segment)
      return sum + term.weight * (pooled - term.centre) / term.scale
    }
  }

  @Test(arguments: 0..<20) func linearScoresAreTheDefinition(_ number: Int) throws {
    let scorer = try Scorer(Sample.poolings)
    let document = Sample.document(number, length: 5 + 3 * number)
    let scores = try #require(scorer.score(document))
    #expect(scores.count == 4)
    for (structure, score) in zip(scorer.detector.structures, scores) {
      #expect(abs(score - expected(structure, document)) <= 1e-12, "\(structure.name)")
    }
  }

  @Test func nothingIsRememberedFromDocumentToDocument() throws {
    let used = try Scorer(Sample.poolings)
    for number in 0..<5 { _ = used.score(Sample.document(number, length: 30)) }
    let fresh = try Scorer(Sample.poolings)
    let document = Sample.document(9, length: 30)
    #expect(used.score(document) == fresh.score(document))
  }

  @Test func aDocumentWithoutKeptTokensHasNoScore() throws {
    let scorer = try Scorer(Sample.poolings)
    var document = DocumentCodes(
      id: "masked", identity: DocumentIdentity(bits: 1), featureCount: Sample.featureCount)
    #expect(scorer.score(document) == nil)
    document.append(features: [3], values: [1], use: .special)
    #expect(scorer.score(document) == nil)
    let verdict = scorer.verdict(of: document)
    #expect(verdict.limit == .empty)
    #expect(verdict.findings.isEmpty)
    #expect(verdict.tokens.special == 1)
  }

  @Test func segmentsAreScoredByTheirOwnTokens() throws {
    let scorer = try Scorer(Sample.poolings)
    let document = Sample.document(3, length: 40, segments: 4)
    let verdict = scorer.verdict(of: document)
    for (structure, finding) in zip(scorer.detector.structures, verdict.findings) {
      #expect(finding.segments.map(\.segment) == [0, 1, 2, 3])
      #expect(finding.segments.map(\.firstToken) == [0, 3, 6, 9])
      #expect(finding.segments.map(\.tokenCount).reduce(0, +) == 40)
      for segment in finding.segments {
        let score = try #require(segment.score)
        #expect(abs(score - expected(structure, document, in: segment.segment)) <= 1e-12)
      }
    }
    let whole = scorer.verdict(of: Sample.document(3, length: 40))
    #expect(whole.findings.allSatisfy { $0.segments.isEmpty })
  }

  @Test func contributionsSumToTheScoreLessItsConstants() throws {
    let scorer = try Scorer(Sample.poolings)
    let document = Sample.document(4, length: 50)
    let verdict = scorer.verdict(of: document)
    for (structure, finding) in zip(scorer.detector.structures, verdict.findings) {
      guard case .linear(let readout) = structure.readout else { continue }
      let constants = readout.terms.reduce(readout.intercept) {
        $0 - $1.weight * $1.centre / $1.scale
      }
      let parts = try #require(finding.contributions)
      #expect(parts.count == 50)
      let sum = parts.reduce(0.0) { $0 + Double($1) }
      #expect(abs(sum + constants - finding.score) <= 1e-5, "\(structure.name)")
      for (token, part) in parts.enumerated() where document.uses[token] != .kept {
        #expect(part == 0)
      }
    }
    #expect(scorer.verdict(of: document, localises: false).findings[0].contributions == nil)
  }

  @Test func theMaximumBelongsToTheFirstTokenThatHoldsIt() throws {
    let structure = Structure(
      name: "one",
      readout: .linear(LinearReadout(terms: [.init(feature: 2, weight: -2, centre: 1, scale: 4)])),
      pooling: .maximum)
    let scorer = try Scorer(Sample.detector([structure], kind: .feature))
    var document = DocumentCodes(
      id: "d", identity: DocumentIdentity(bits: 1), featureCount: Sample.featureCount)
    for value: Float in [1, 6, 6, 2] {
      document.append(features: [2], values: [value], use: .kept)
    }
    let finding = try #require(scorer.verdict(of: document).findings.first)
    #expect(finding.contributions == [0, -3, 0, 0])
    #expect(finding.score == -2.5)
  }

  @Test func profilesMeasureSharesOfTheWholeEnergy() throws {
    let profile = Structure(
      name: "p", readout: .profile(ProfileReadout(features: [7, 2], shares: [0.5, 0.25])),
      pooling: .mean)
    let scorer = try Scorer(Sample.detector([profile], kind: .profile))
    let document = Sample.document(5, length: 25)
    let energies = (0..<Sample.featureCount).map { feature in
      let pooled = document.pooled(feature, .magnitude, .mean)
      return pooled * pooled
    }
    let energy = energies.reduce(0, +)
    let expected = -abs(energies[7] / energy - 0.5) - abs(energies[2] / energy - 0.25)
    let finding = try #require(scorer.verdict(of: document).findings.first)
    #expect(abs(finding.score - expected) <= 1e-12)
    #expect(finding.contributions == nil)
  }

  @Test(arguments: Pooling.allCases) func subspacesMeasureEnergyWithin(_ pooling: Pooling) throws {
    let half = 0.5.squareRoot()
    let subspace = Structure(
      name: "s",
      readout: .subspace(
        SubspaceReadout(features: [9, 4, 6], basis: [half, half, 0, 0, 0, 1], rank: 2)),
      pooling: pooling)
    let scorer = try Scorer(Sample.detector([subspace], kind: .subspace))
    let document = Sample.document(6, length: 25)
    let p = [9, 4, 6].map { document.pooled($0, .magnitude, pooling) }
    let first = half * p[0] + half * p[1]
    let energy = p[0] * p[0] + p[1] * p[1] + p[2] * p[2]
    // The last kept token of this document is silent at all three.
    #expect((energy == 0) == (pooling == .last))
    let expected = energy > 0 ? (first * first + p[2] * p[2]) / energy : 0
    let score = try #require(scorer.score(document)?.first)
    #expect(abs(score - expected) <= 1e-12)
  }

  @Test func denseReadoutsReadTheMeanRow() throws {
    let dense = Structure(
      name: "d", readout: .dense(DenseReadout(weights: [1, -2, 0.5, 0], intercept: 3)),
      pooling: .mean)
    let scorer = try Scorer(Sample.detector([dense], kind: .dense))
    var document = Sample.document(7, length: 10, segments: 2)
    let refusal = DetectionError(
      .unsupported(
        what: "document 'document-7' without its mean row",
        expected: "rows, not codes, for a dense readout"))
    #expect(throws: refusal) { try scorer.check(document) }
    document.denseMean = [1, 2, 4, 100]
    try scorer.check(document)
    #expect(scorer.score(document) == [2])
    let finding = try #require(scorer.verdict(of: document).findings.first)
    #expect(finding.contributions == nil)
    #expect(finding.segments.isEmpty)
    document.denseMean = [1, 2, .nan, 100]
    #expect(throws: DetectionError(.nonFinite(what: "mean row of document 'document-7'"))) {
      try scorer.check(document)
    }
  }

  @Test func documentsOfAnotherDictionaryAreRefused() throws {
    let scorer = try Scorer(Sample.poolings)
    let other = DocumentCodes(id: "d", identity: DocumentIdentity(bits: 1), featureCount: 7)
    #expect(
      throws: DetectionError(.count(of: "features of document 'd'", found: 7, expected: 40))
    ) { try scorer.check(other) }
  }

  @Test func callersMistakesEndTheProcess() async {
    await #expect(processExitsWith: .failure) {
      _ = try Scorer(Sample.poolings).verdict(of: Sample.document(1, length: 9), rate: 1)
    }
    await #expect(processExitsWith: .failure) {
      let dense = Structure(
        name: "d", readout: .dense(DenseReadout(weights: [1, 2, 3, 4], intercept: 0)),
        pooling: .mean)
      _ = try Scorer(Sample.detector([dense])).score(Sample.document(1, length: 9))
    }
    await #expect(processExitsWith: .failure) {
      var other = DocumentCodes(id: "d", identity: DocumentIdentity(bits: 1), featureCount: 7)
      other.append(features: [3], values: [1], use: .kept)
      _ = try Scorer(Sample.poolings).score(other)
    }
    await #expect(processExitsWith: .failure) {
      _ = try Monitor(Sample.poolings).verdict(rate: 0)
    }
  }
}
