import Detector

extension WatermarkBank {
  /// Whether detectors of the bank's choices can be made, with the usual options: null documents for a bucket.
  public var canDetect: Bool {
    (nulls?.documentCount ?? 0) >= CalibrationOptions().minimumPerBucket
  }

  /// Whether those detectors have a threshold for streams at one of the usual rates at least.
  ///
  /// Every other null document with blocks is a null stream; n of them give a threshold at α when
  /// ⌈(n + 1)(1 − α)⌉ ≤ n.
  public var canDetectStreams: Bool {
    guard canDetect, let nulls else { return false }
    let streams = nulls.blockCounts.count { $0 > 0 } / 2
    return CalibrationOptions().rates.contains {
      (Double(streams + 1) * (1 - $0)).rounded(.up) <= Double(streams)
    }
  }
}
