import Detector
import SAE
import Steering

/// Detectors of every kind, small enough to read.
enum DetectorExamples {
  static func reference(features: Int = 48, width: Int = 3) -> FittedDetector.DictionaryReference {
    FittedDetector.DictionaryReference(
      name: "d", fingerprint: String(repeating: "0a", count: 32), featureCount: features,
      modelWidth: width, hook: "blocks.3.hook_resid_post")
  }

  static func record(_ bits: UInt64...) -> SplitRecord {
    SplitRecord(bits.map(DocumentIdentity.init(bits:)))
  }

  /// Every field in use.
  static func full() throws -> FittedDetector {
    let evidence = LinearReadout.Evidence(
      sufficiency: 0.9, necessity: 0.8, confidence: 0.847,
      interval: Interval(lower: 0.7, upper: 0.9), pairCount: 60)
    let linear = Structure(
      name: "past-tense",
      readout: .linear(
        LinearReadout(
          terms: [
            .init(
              feature: 3, reading: .positive, weight: 1, centre: 0.1, scale: 1.0 / 3,
              evidence: evidence),
            .init(feature: 3, reading: .negative, weight: -1.5, centre: 0, scale: 2),
            .init(feature: 47, reading: .magnitude, weight: 1e-300, centre: -4, scale: 1),
          ], intercept: -0.25)),
      pooling: .maximum)
    let profile = Structure(
      name: "style “a”",
      readout: .profile(ProfileReadout(features: [9, 2, 5], shares: [0.5, 0.3, 0.1])),
      pooling: .mean)
    let subspace = Structure(
      name: "topic",
      readout: .subspace(
        SubspaceReadout(features: [1, 4], basis: [0.6, 0.8, -0.8, 0.6], rank: 2)),
      pooling: .rate)
    let dense = Structure(
      name: "probe",
      readout: .dense(DenseReadout(weights: [0.5, -1, 2.5e-7], intercept: 3)), pooling: .mean)
    let structures = [linear, profile, subspace, dense]
    func bucket(_ lengths: ClosedRange<Int>) throws -> Calibration.Bucket {
      Calibration.Bucket(
        lengths: lengths,
        nulls: try (0..<4).map { try NullSample([-1.5, Double($0) / 7, 2, 2]) },
        combined: try NullSample([0.125, 40]))
    }
    let sequential = SequentialCalibration(
      blockLength: 16, blocks: try (0..<4).map { try NullSample([Double($0), 5]) },
      thresholds: [
        .init(alpha: 0.0228, logWealth: [4, 5, 6, 7]),
        .init(alpha: 0.001, logWealth: [8, 9, 10, 11]),
      ], streamCount: 1_000, longestStream: 25)
    return FittedDetector(
      name: "everything", kind: .bank, dictionary: reference(),
      masking: Masking(skipsSpecial: true, sinkNorm: 123.5), structures: structures,
      selection: record(1, .max, 0xABC),
      calibration: Calibration(
        combination: .stouffer, buckets: [try bucket(1...20), try bucket(21...400)],
        correlation: [
          1, 0.1, 0.2, 0.3, 0.1, 1, 0.4, 0.5, 0.2, 0.4, 1, -0.6, 0.3, 0.5, -0.6, 1,
        ],
        record: record(7, 8), sequential: sequential))
  }

  /// Only what must be there.
  static func small() -> FittedDetector {
    FittedDetector(
      name: "one", kind: .feature,
      dictionary: .init(
        name: "", fingerprint: "", featureCount: 8, modelWidth: 4, hook: nil),
      masking: Masking(skipsSpecial: false),
      structures: [
        Structure(
          name: "f", readout: .linear(LinearReadout(terms: [.init(feature: 7)])), pooling: .last)
      ],
      selection: SplitRecord([]))
  }
}
