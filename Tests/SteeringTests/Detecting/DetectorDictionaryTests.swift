import Detector
import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct DetectorDictionaryTests {
  private func detector(_ dictionary: SparseDictionary) throws -> FittedDetector {
    var detector = DetectorExamples.small()
    detector.dictionary = try .init(of: dictionary, features: detector.features)
    return detector
  }

  @Test(arguments: Sample.all)
  func theSameDictionaryPasses(_ sample: Sample) throws {
    let dictionary = try sample.dictionary()
    let detector = try detector(dictionary)
    #expect(detector.features == [7])
    #expect(detector.dictionary.featureCount == 48 && detector.dictionary.modelWidth == 37)
    #expect(detector.dictionary.fingerprint.utf8.count == 64)
    try sample.dictionary().check(detector)
    #expect(try FittedDetector(json: try detector.json()) == detector)
  }

  @Test func samplesHaveDistinctFingerprints() throws {
    let prints = try Sample.all.map { try detector(try $0.dictionary()).dictionary.fingerprint }
    // Rescaling that leaves the features' activations as they are cannot be told apart.
    #expect(Set(prints).count == prints.count)
  }

  @Test func otherWeightsOfTheSameShapeAreRefused() throws {
    let first = try detector(try Sample("relu", { _ in .relu }, seed: 7).dictionary())
    let other = try Sample("relu", { _ in .relu }, seed: 8).dictionary()
    let error = try #require(steeringError { try other.check(first) })
    #expect(error.code == .invalidArgument)
    #expect(error.message.contains("fingerprint") && error.message.contains("detector 'one'"))
    var unknown = first
    unknown.dictionary.fingerprint = ""
    try other.check(unknown)
  }

  @Test func otherShapesAreRefused() throws {
    let dictionary = try Sample.all[0].dictionary()
    var detector = try detector(dictionary)
    detector.dictionary.modelWidth = 38
    #expect(
      steeringError { try dictionary.check(detector) }?.message.contains(
        "has 37 wide rows, expected 38") == true)
    #expect(steeringError { try dictionary.check(detector) }?.code == .shapeMismatch)
    #expect(
      steeringError { _ = try FittedDetector.DictionaryReference(of: dictionary, features: [48]) }
        != nil)
  }
}
