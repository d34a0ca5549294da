import Detector
import Testing

/// What cannot be fitted is refused, naming what is wrong.
@Suite struct FittingErrorTests {
  /// Documents in which feature 1 fires with the structure and feature 2 without.
  private func documents(
    _ pairs: Int, structure: String = "tense", offset: Int = 0, noise: Bool = false
  ) -> [DocumentCodes] {
    (0..<(2 * pairs)).map { index in
      var document = DocumentCodes(
        id: "\(structure)-\(index)", identity: DocumentIdentity(bits: UInt64(offset + index)),
        featureCount: 8)
      let present = index.isMultiple(of: 2)
      document.append(
        features: present ? [1, 3] : [2, 3], values: [1 + Float(index % 7) / 8, 1], use: .kept)
      if noise { document.append(features: [0, 4, 5, 6, 7], values: [1, 1, 1, 1, 1], use: .kept) }
      document.pair = "\(structure)-\(index / 2)"
      document.labels = [structure: present]
      return document
    }
  }

  private func fit(
    _ documents: [DocumentCodes], _ options: FitOptions
  ) throws(DetectionError) -> FittedDetector {
    try FittedDetector(
      fitting: options, on: Corpus(documents), name: "test",
      dictionary: FittedDetector.DictionaryReference(
        name: "d", fingerprint: "", featureCount: 8, modelWidth: 4, hook: nil), masking: Masking())
  }

  private func reason(
    _ documents: [DocumentCodes], _ options: FitOptions = FitOptions(kind: .bank)
  ) -> DetectionError.Reason? {
    do throws(DetectionError) {
      _ = try fit(documents, options)
      return nil
    } catch { return error.reason }
  }

  @Test func signsAreMeasured() throws {
    // Features that do not differ keep the 75th percentile of the differences low.
    let detector = try fit(documents(20, noise: true), FitOptions(kind: .bank, weighting: .equal))
    guard case .linear(let readout) = detector.structures[0].readout else {
      Issue.record("a bank is linear")
      return
    }
    #expect(readout.terms.map(\.feature) == [1, 2])
    #expect(readout.terms.map(\.weight) == [1, -1])
    #expect(readout.terms.allSatisfy { $0.evidence?.confidence == 1 })
    #expect(readout.terms.allSatisfy { ($0.evidence?.interval.lower ?? 1) < 1 })
  }

  @Test func halfAPairIsRefused() {
    var half = documents(21)
    half.removeLast()
    #expect(
      reason(half)
        == .field(
          name: "pair", found: "'tense-20' of 1 document",
          expected: "2: one with and one without a structure"))
  }

  @Test func pairsOfThreeAreRefused() {
    var three = documents(20)
    three += documents(1, offset: 1000).prefix(1)
    #expect(
      reason(three)
        == .field(
          name: "pair", found: "'tense-0' of 3 documents",
          expected: "2: one with and one without a structure"))
  }

  @Test func pairsWithoutContrastAreRefused() {
    let wanted = DetectionError.Reason.field(
      name: "labels", found: "no opposite label in pair 'tense-3'",
      expected: "true on one side and false on the other")
    var same = documents(20)
    same[7].labels = ["tense": true]
    #expect(reason(same) == wanted)
    same[7].labels = [:]
    #expect(reason(same) == wanted)
  }

  @Test func sharedLabelsAreNoContrast() throws {
    var both = documents(20)
    for index in both.indices { both[index].labels["english"] = true }
    #expect(try fit(both, FitOptions(kind: .bank)).structures.map(\.name) == ["tense"])
  }

  /// One text as a side of two structures' pairs is welcome, of one structure's it is a mistake.
  @Test func textsMayServeSeveralStructures() throws {
    let first = documents(20)
    let second = documents(20, structure: "plural")
    let both = try Corpus<Selection>(first + second, allowsOtherLabels: true)
    #expect(both.documents.count == 80)
    #expect(both.record.identities.count == 40)
    #expect(throws: DetectionError(.duplicate(document: "plural-0", split: "selection"))) {
      try Corpus<Selection>(first + second)
    }
    #expect(throws: DetectionError(.duplicate(document: "tense-0", split: "selection"))) {
      try Corpus<Selection>(first + second + first, allowsOtherLabels: true)
    }
  }

  @Test func fewPairsAreRefused() {
    #expect(
      reason(documents(19))
        == .tooFew(what: "contrast pairs of 'tense'", found: 19, needed: 20))
    #expect(
      reason(documents(20), FitOptions(kind: .bank, structures: ["plural"]))
        == .tooFew(what: "contrast pairs of 'plural'", found: 0, needed: 20))
    var unpaired = documents(20)
    for index in unpaired.indices { unpaired[index].pair = nil }
    #expect(reason(unpaired) == .tooFew(what: "contrast pairs", found: 0, needed: 20))
  }

  @Test func fewLabelsAreRefused() {
    let probe = FitOptions(kind: .probe)
    #expect(
      reason(documents(9), probe)
        == .tooFew(what: "documents labelled with 'tense'", found: 9, needed: 10))
    let present = documents(20).filter { $0.labels["tense"] == true }
    #expect(
      reason(present, probe)
        == .tooFew(what: "documents labelled without 'tense'", found: 0, needed: 10))
    #expect(reason(present, FitOptions(kind: .profile)) == nil, "a profile needs one class")
    var none = documents(20)
    for index in none.indices { none[index].labels = [:] }
    #expect(reason(none, probe) == .tooFew(what: "labelled documents", found: 0, needed: 10))
  }

  @Test func documentsOfNothingAreRefused() throws {
    var empty = documents(20)
    var bare = DocumentCodes(
      id: "bare", identity: DocumentIdentity(bits: 500), featureCount: 8)
    bare.append(features: [], values: [], use: .special)
    bare.pair = empty[39].pair
    bare.labels = empty[39].labels
    empty[39] = bare
    #expect(
      reason(empty) == .tooFew(what: "contrast pairs of 'tense'", found: 19, needed: 20))
    // Where enough is left, it and its other side are as if they were not there, but for the record.
    var more = documents(21)
    more[41] = bare
    more[41].pair = more[40].pair
    for kind in [FittedDetector.Kind.bank, .probe, .profile] {
      let with = try fit(more, FitOptions(kind: kind))
      let without = try fit(documents(20), FitOptions(kind: kind))
      #expect(with.structures == without.structures)
      #expect(with.selection.contains(bare.identity) && !without.selection.contains(bare.identity))
    }
  }

  @Test func denseNeedsRows() {
    #expect(
      reason(documents(20), FitOptions(kind: .dense))
        == .unsupported(
          what: "a dense probe on document 'tense-0' without rows", expected: "rows, not codes"))
  }

  @Test func optionsAreChecked() {
    let few = documents(20)
    #expect(
      reason(few, FitOptions(kind: .bank, featureCount: 9))
        == .field(name: "features", found: "9", expected: "1 to 8"))
    #expect(
      reason(few, FitOptions(kind: .bank, featureCount: 0))
        == .field(name: "features", found: "0", expected: "1 to 8"))
    #expect(
      reason(few, FitOptions(kind: .feature, feature: 8))
        == .featureOutOfRange(found: 8, count: 8))
    #expect(
      reason(few, FitOptions(kind: .probe, feature: 3))
        == .unsupported(what: "feature 3 for kind 'probe'", expected: "kind 'feature'"))
    #expect(
      reason(few, FitOptions(kind: .probe, inverseStrength: 0))
        == .field(name: "C", found: "0.0", expected: "above 0"))
    #expect(
      reason(few, FitOptions(kind: .bank, inverseStrength: 1, weighting: .equal))
        == .unsupported(
          what: "an L2 penalty for kind 'bank'",
          expected: "kind 'probe', 'dense' or a bank with fitted weights"))
    #expect(
      reason(few, FitOptions(kind: .bank, structures: ["tense", "tense"]))
        == .field(
          name: "structures", found: "[\"tense\", \"tense\"]",
          expected: "one or more different names"))
  }

  @Test func oneFeatureIsGivenOrChosen() throws {
    let given = try fit(documents(20), FitOptions(kind: .feature, feature: 2))
    let chosen = try fit(documents(20), FitOptions(kind: .feature, pooling: .rate))
    #expect(
      given.structures[0].readout == .linear(LinearReadout(terms: [.init(feature: 2)])))
    // Features 1 and 2 tell the classes apart equally well: the lower index.
    #expect(
      chosen.structures[0].readout == .linear(LinearReadout(terms: [.init(feature: 1)])))
  }
}
