import Detector
import Formats
import SAE
import Steering
import Testing
import TestSupport

@Suite struct DetectorDocumentTests {
  @Test func whatCouldNotBeReadAgainIsNotWritten() throws {
    let terms = (0..<65_536).map { LinearReadout.Term(feature: $0) }
    let detector = FittedDetector(
      name: "large", kind: .bank,
      dictionary: FittedDetector.DictionaryReference(
        name: "none", fingerprint: "", featureCount: 65_536, modelWidth: 2, hook: nil),
      masking: Masking(),
      structures: (0..<7).map {
        Structure(
          name: "s\($0)", readout: .linear(LinearReadout(terms: terms)), pooling: .maximum)
      }, selection: SplitRecord([DocumentIdentity]()))
    let error = #expect(throws: SteeringError.self) { try detector.json() }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("expected at most 400000") == true, "\(error?.message ?? "")")
  }

  @Test func documentsReadBackToTheSameDetector() throws {
    let folder = try TemporaryFolder()
    for detector in [try DetectorExamples.full(), DetectorExamples.small()] {
      let text = try detector.json()
      #expect(try FittedDetector(json: text) == detector)
      let path = folder.file("detector.json")
      try detector.write(to: path)
      #expect(try FittedDetector(path: path) == detector)
      #expect(try FittedDetector(path: path).json() == text)
    }
  }

  /// The published examples are these detectors.
  @Test func examplesAreTheDocumentsOfTheseDetectors() throws {
    let folder = Schema.folder + "/detector-examples/"
    #expect(try FittedDetector(path: folder + "everything.json") == DetectorExamples.full())
    #expect(try FittedDetector(path: folder + "smallest.json") == DetectorExamples.small())
  }

  @Test func longArraysStayOnOneLine() throws {
    let lines = try DetectorExamples.full().json().split(separator: "\n")
    #expect(lines.contains("        \"shares\": [0.5,0.3,0.1]"))
    #expect(lines.contains("          [-1.5,0.0,2.0,2.0],"))
    #expect(lines.first == "{" && lines.last == "}")
  }

  /// The example with one text replaced everywhere, and what reading it must say.
  @Test(arguments: [
    (
      "\"steering-detector/1\"", "\"steering-detector/2\"",
      #"field 'format' is "steering-detector/2", expected "steering-detector/1""#
    ),
    (
      "\"kind\": \"bank\"", "\"kind\": \"best\"",
      #"field 'kind' is "best", expected one of feature, probe, bank, profile, subspace, dense"#
    ),
    (
      "\"selection\"", "\"chosen\"",
      "unknown field 'chosen', accepted: format, name, kind, dictionary, masking, structures,"
        + " selection, calibration"
    ),
    (
      "\"model_width\": 3", "\"model_width\": 4",
      "field 'structures[3].readout.weights' has 3 elements, expected 4"
    ),
    (
      "\"feature\": 47", "\"feature\": 48",
      "field 'structures[0].readout.terms[2].feature' is 48, expected an integer from 0 to 47"
    ),
    (
      "\"feature\": 47", "\"feature\": 2",
      "field 'structures[0].readout.terms[2].feature' is 2 after 3, expected ascending features"
    ),
    (
      "\"scale\": 2", "\"scale\": -2",
      "field 'structures[0].readout.terms[1].scale' is -2.0, expected above 0"
    ),
    (
      "\"type\": \"dense\"", "\"type\": \"deep\"",
      #"field 'structures[3].readout.type' is "deep", expected one of linear, profile, "#
        + "subspace, dense"
    ),
    (
      "[9,2,5]", "[9,2,9]",
      "field 'structures[1].readout.features[2]' is 9 again, expected distinct features"
    ),
    (
      "[0.5,0.3,0.1]", "[0.9,0.3,0.1]",
      "field 'structures[1].readout.shares' adds up to more than 1"
    ),
    (
      "\"topic\"", "\"probe\"",
      "field 'structures[3]' is named 'probe' as another one, expected distinct names"
    ),
    (
      "[21,400]", "[22,400]",
      "field 'calibration.buckets[1].lengths' starts at 22, expected one more than 20, where the"
        + " bucket before it ends"
    ),
    (
      "[0.125,40.0]", "[0.125,0.1]",
      "field 'calibration.buckets[0].combined' is 0.1 at 1 after 0.125, expected ascending scores"
    ),
    (
      "\"0000000000000001\"", "\"000000000000000g\"",
      #"field 'selection[0]' is "000000000000000g", expected 16 lower-case hexadecimal digits"#
    ),
    (
      "\"0000000000000001\"", "\"ffffffffffffffff\"",
      "field 'selection[1]' does not ascend, expected distinct identities in order"
    ),
    (
      "\"alpha\": 0.001", "\"alpha\": 0.5",
      "field 'calibration.sequential.thresholds[1].alpha' is 0.5, expected below 1, and descending"
    ),
    ("0a0a", "0A0A", "field 'dictionary.fingerprint' is"),
    (
      "-0.6", "-1.6",
      "field 'calibration.correlation[2][3]' is -1.6, expected -1.0 to 1.0"
    ),
    (
      "[0.1,1.0,0.4,0.5]", "[0.2,1.0,0.4,0.5]",
      "field 'calibration.correlation[1][0]' is 0.2, expected 0.1, as [0][1] is"
    ),
    (
      "[0.1,1.0,0.4,0.5]", "[0.1,0.9,0.4,0.5]",
      "field 'calibration.correlation[1][1]' is 0.9, expected 1 on the diagonal"
    ),
    (
      "\"combination\": \"stouffer\"", "\"combination\": \"fisher\"",
      #"field 'calibration.combination' is "fisher", expected one of smallest, stouffer"#
    ),
    (
      "\"streams\": 1000", "\"streams\": 998",
      "field 'calibration.sequential.thresholds[1].alpha' is 0.001, expected a rate that 998 streams"
        + " can give a threshold for"
    ),
    (
      "[4.0,5.0,6.0,7.0]", "[3.7,5.0,6.0,7.0]",
      "field 'calibration.sequential.thresholds[0].log_wealth[0]' is 3.7, expected -ln(alpha), 3.78"
    ),
    (
      "[8.0,9.0,10.0,11.0]", "[8.0,9.0,10.0,6.95]",
      "field 'calibration.sequential.thresholds[1].log_wealth[3]' is 6.95, expected 7.0 or more"
    ),
    (
      "\"longest_stream\": 25", "\"longest_stream\": 0",
      "field 'calibration.sequential.longest_stream' is 0, expected an integer from 1 to"
    ),
  ])
  func malformedDocumentsNameTheField(_ old: String, _ new: String, _ expected: String) throws {
    let text = try DetectorExamples.full().json()
    let broken = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    try #require(broken != text)
    let error = try #require(steeringError { _ = try FittedDetector(json: broken) })
    #expect(error.code == .malformedFile)
    #expect(error.message.hasPrefix(expected), "\(error.message)")
  }

  @Test func errorsNameTheFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("d.json")
    try folder.write("{}", to: "d.json")
    #expect(
      steeringError { _ = try FittedDetector(path: path) }?.message
        == "\(path): field 'format' is missing")
    try folder.write("[]", to: "d.json")
    #expect(
      steeringError { _ = try FittedDetector(path: path) }?.message
        == "\(path): detector is an array, expected an object")
  }

  @Test func whatCannotBeReadBackIsNotWritten() throws {
    var detector = DetectorExamples.small()
    detector.masking.sinkNorm = .nan
    let error = try #require(steeringError { _ = try detector.json() })
    #expect(error.code == .invalidArgument)
    #expect(error.message == "field 'masking.sink_norm' is null, expected a finite number")
  }

  @Test func everyTruncationAndManyMutationsAreRefusedOrRead() throws {
    let bytes = Array(try DetectorExamples.full().json().utf8)
    for count in 0..<(bytes.count - 2) {
      #expect(throws: SteeringError.self) { _ = try FittedDetector(json: Array(bytes[..<count])) }
    }
    var generator = SplitMix64(seed: 11)
    var refused = 0
    for _ in 0..<600 {
      var mutated = bytes
      for _ in 0..<(1 + Int(generator.next() % 3)) {
        let place = Int(generator.next() % UInt64(bytes.count))
        mutated[place] ^= 1 << UInt8(generator.next() % 8)
      }
      do throws(SteeringError) {
        // What is read can be written.
        _ = try FittedDetector(json: mutated).json()
      } catch {
        #expect(error.code == .malformedFile)
        refused += 1
      }
    }
    #expect(refused > 300)
  }
}
