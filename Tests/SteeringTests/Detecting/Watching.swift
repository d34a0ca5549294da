import Detector
import SAE
import Steering
import Tensors
import TestSupport

/// Detectors of random dictionaries, and what their streams should score.
enum Watching {
  /// One structure per pooling over some of a dictionary's features; no calibration.
  static func detector(
    _ dictionary: SparseDictionary, sinkNorm: Double? = nil
  ) throws -> FittedDetector {
    let features = [2, 3, 11, 20, 21, 40]
    let structures = Pooling.allCases.enumerated().map { index, pooling in
      Structure(
        name: pooling.rawValue,
        readout: .linear(
          LinearReadout(
            terms: features.enumerated().map { place, feature in
              .init(
                feature: feature, reading: Reading.allCases[place % 3],
                weight: place % 2 == 0 ? 1 : -0.5, centre: 0.125 * Double(index), scale: 1.5)
            }, intercept: 0.25)), pooling: pooling)
    }
    return FittedDetector(
      name: "watch", kind: .bank,
      dictionary: try FittedDetector.DictionaryReference(of: dictionary, features: features),
      masking: Masking(sinkNorm: sinkNorm), structures: structures, selection: SplitRecord([]))
  }

  /// The detector with thresholds so low that streams of a few blocks flag.
  static func calibrated(_ detector: FittedDetector) throws -> FittedDetector {
    var detector = detector
    let count = detector.structures.count
    let null = try NullSample((0..<199).map { Double($0) / 100 - 1 })
    detector.calibration = Calibration(
      buckets: [
        .init(lengths: 1...400, nulls: Array(repeating: null, count: count), combined: null)
      ],
      correlation: (0..<count * count).map { $0 % (count + 1) == 0 ? 1 : 0 },
      record: SplitRecord([]),
      sequential: SequentialCalibration(
        blockLength: 4, blocks: Array(repeating: null, count: count),
        thresholds: [.init(alpha: 0.02, logWealth: Array(repeating: 0.1, count: count))],
        streamCount: 60, longestStream: 1_000))
    return detector
  }

  /// The rows as a stored document, by the full encoder.
  static func document(
    _ rows: [[Float]], _ dictionary: SparseDictionary, _ masking: Masking,
    isSpecial: (Int) -> Bool = { $0 == 0 }
  ) throws -> DocumentCodes {
    let codes = try dictionary.codes(rows)
    var document = DocumentCodes(
      id: "rows", identity: DocumentIdentity(bits: 1), featureCount: dictionary.featureCount)
    for (index, row) in rows.enumerated() {
      let squares = row.reduce(0.0) { $0 + Double($1) * Double($1) }
      var use = masking.use(isSpecial: isSpecial(index), norm: squares.squareRoot())
      if use == .kept, codes.isUndefined(row: index) { use = .undefined }
      let range = codes.rowOffsets[index]..<codes.rowOffsets[index + 1]
      document.append(
        features: codes.indices[range].map { Int32($0) }, values: codes.values[range], use: use)
    }
    return document
  }
}
