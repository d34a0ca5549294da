extension Calibration {
  /// Refuses a calibration that does not fit a detector of `structureCount` structures.
  func check(structureCount: Int) throws(DetectionError) {
    try FittedDetector.expect(!buckets.isEmpty, "calibration.buckets", "none", "at least one")
    var next = buckets.first?.lengths.lowerBound ?? 0
    try FittedDetector.expect(next >= 1, "calibration.buckets[0].lengths", next, "1 or more")
    for (index, bucket) in buckets.enumerated() {
      let place = "calibration.buckets[\(index)]"
      try FittedDetector.expect(
        bucket.lengths.lowerBound == next, "\(place).lengths", bucket.lengths.lowerBound,
        "\(next), without a gap")
      guard bucket.lengths.upperBound < Int.max else {
        throw DetectionError(
          .field(name: "\(place).lengths", found: "\(Int.max)", expected: "less than that"))
      }
      next = bucket.lengths.upperBound + 1
      try Self.count(bucket.nulls.count, "\(place).nulls", structureCount)
      try FittedDetector.expect(
        (bucket.combined != nil) == (structureCount > 1), "\(place).combined",
        bucket.combined == nil ? "nothing" : "a null sample",
        structureCount > 1 ? "a null sample" : "nothing for one structure")
    }
    try Self.count(
      correlation.count, "calibration.correlation", structureCount * structureCount)
    for (index, value) in correlation.enumerated() {
      try FittedDetector.expect(
        abs(value) <= 1, "calibration.correlation[\(index)]", value, "-1 to 1")
      let (row, column) = index.quotientAndRemainder(dividingBy: structureCount)
      let opposite = row == column ? 1 : correlation[column * structureCount + row]
      try FittedDetector.expect(
        value == opposite, "calibration.correlation[\(index)]", value,
        row == column ? "1 on the diagonal" : "\(opposite) as on the other side of the diagonal")
    }
    try sequential?.check(structureCount: structureCount)
  }

  fileprivate static func count(
    _ found: Int, _ name: String, _ expected: Int
  ) throws(DetectionError) {
    guard found == expected else {
      throw DetectionError(.count(of: name, found: found, expected: expected))
    }
  }
}

extension SequentialCalibration {
  fileprivate func check(structureCount: Int) throws(DetectionError) {
    let place = "calibration.sequential"
    try FittedDetector.expect(
      blockLength > 0, "\(place).blockLength", blockLength, "above 0")
    try FittedDetector.expect(
      streamCount >= 0, "\(place).streamCount", streamCount, "0 or more")
    try FittedDetector.expect(
      longestStream > 0, "\(place).longestStream", longestStream, "above 0")
    try Calibration.count(blocks.count, "\(place).blocks", structureCount)
    var last = 1.0
    for (index, threshold) in thresholds.enumerated() {
      let place = "\(place).thresholds[\(index)]"
      try FittedDetector.expect(
        threshold.alpha > 0 && threshold.alpha < last, "\(place).alpha", threshold.alpha,
        "above 0 and below \(last)")
      last = threshold.alpha
      try Calibration.count(threshold.logWealth.count, "\(place).logWealth", structureCount)
      for value in threshold.logWealth {
        try FittedDetector.expect(
          value >= 0 && value.isFinite, "\(place).logWealth", value, "0 or more")
      }
    }
  }
}
