import Detector
import SAE

/// A detector ready to watch streams: checked against its dictionary, with the encoder rows that it reads.
///
/// Immutable: any number of threads make and run ``FeatureMonitor``s of one.
public final class StreamDetector: Sendable {
  /// The detector.
  public var detector: FittedDetector { streams.detector }
  /// The dictionary that encodes rows.
  public let dictionary: SparseDictionary
  /// The features whose activations are read, ascending, without repetition.
  public var monitoredFeatures: [Int] { streams.monitoredFeatures }

  let streams: StreamPlan
  let encoder: SelectiveEncoder

  /// Checks that the dictionary is the one whose features the detector reads.
  ///
  /// - Throws: `shapeMismatch` or `invalidArgument` for another dictionary, `invalidArgument` naming a
  ///   structure that needs whole documents or a field out of range, `nonFinite` for a bad weight.
  public init(
    _ detector: FittedDetector, _ dictionary: SparseDictionary
  ) throws(SteeringError) {
    try dictionary.check(detector)
    let streams = try SteeringError.rendering { () throws(DetectionError) in
      try StreamPlan(detector)
    }
    self.streams = streams
    self.dictionary = dictionary
    encoder = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try SelectiveEncoder(dictionary, features: streams.monitoredFeatures)
    }
  }
}

extension StreamDetector {
  /// Bytes that a detector's JSON form may have.
  package static var jsonByteLimit: Int { DetectorLimits.json.byteCount }
}
