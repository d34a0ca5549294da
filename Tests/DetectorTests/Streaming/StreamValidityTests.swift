import Detector
import Glibc
import Testing

@Suite struct StreamValidityTests {
  /// P(X ≥ `successes`) for a binomial X: the test's own arithmetic, term by term.
  private func upperTail(_ successes: Int, of trials: Int, _ p: Double) -> Double {
    var sum = 0.0
    for count in successes...trials {
      let choices =
        lgamma(Double(trials) + 1) - lgamma(Double(count) + 1) - lgamma(Double(trials - count) + 1)
      sum += exp(choices + Double(count) * log(p) + Double(trials - count) * log(1 - p))
    }
    return sum
  }

  private func calibrated(_ null: inout NullStream, count: Int) throws -> FittedDetector {
    let calibrator = try Calibrator(
      NullStream.detector,
      options: CalibrationOptions(minimumPerBucket: 200, blockLength: 8, rates: [0.1, 0.0228]))
    for number in 0..<count { try calibrator.add(null.document(number, length: 160)) }
    return try calibrator.finish()
  }

  private func alarms(
    _ detector: FittedDetector, _ streams: Int, rate: Double, _ next: () -> [Float]
  ) throws -> Int {
    let monitor = try Monitor(detector)
    return (0..<streams).count { _ in
      monitor.reset()
      for value in next() { monitor.observe([value].span) }
      return monitor.verdict(rate: rate).isFlagged
    }
  }

  /// Tokens that depend on one another, and documents with a level of their own: blocks are then neither
  /// independent nor exchangeable across documents, and only the calibrated threshold holds the rate.
  @Test(arguments: [(0, 0), (0.7, 0), (0.7, 0.5)] as [(Float, Float)])
  func falseAlarmsOverWholeStreamsStayBelowTheRate(_ correlation: Float, _ level: Float) throws {
    var null = NullStream(correlation: correlation, level: level, seed: 41)
    let detector = try calibrated(&null, count: 3_000)
    for rate in [0.1, 0.0228] {
      let found = try alarms(detector, 2_000, rate: rate) { null.activations(160) }
      // The threshold is a quantile of 1,500 maxima, so the rate that it holds varies by
      // √(rate (1 − rate)/1500); three of those are granted.
      let allowed = rate + 3 * (rate * (1 - rate) / 1_500).squareRoot()
      #expect(upperTail(found, of: 2_000, allowed) > 1e-4, "\(found) alarms at \(rate)")
    }
  }

  /// Without the calibrated part, Ville's ln(1/α) alone flags too often where documents have levels.
  @Test func theUncalibratedThresholdWouldNotHold() throws {
    var null = NullStream(correlation: 0.7, level: 0.5, seed: 43)
    var detector = try calibrated(&null, count: 3_000)
    let calibration = try #require(detector.calibration?.sequential)
    #expect(calibration.thresholds[1].logWealth[0] > -log(0.0228))
    detector.calibration?.sequential?.thresholds = [
      .init(alpha: 0.0228, logWealth: [-log(0.0228)])
    ]
    let found = try alarms(detector, 1_000, rate: 0.0228) { null.activations(160) }
    #expect(found > 100)
  }

  @Test func streamsWithTheStructureAreFlaggedEarly() throws {
    var null = NullStream(correlation: 0.5, level: 0.1, seed: 47)
    let detector = try calibrated(&null, count: 2_000)
    let found = try alarms(detector, 300, rate: 0.0228) { null.activations(160, shift: 1) }
    #expect(found > 270)
    let monitor = try Monitor(detector)
    for value in null.activations(160, shift: 3) { monitor.observe([value].span) }
    let finding = monitor.finding(ofStructure: 0, rate: 0.0228)
    let crossed = try #require(finding.crossedAtToken)
    #expect(crossed < 160)
    #expect(crossed % 8 == 0)
  }

  @Test func thresholdsAreNeverBelowVillesAndLeftOutWhereStreamsAreFew() throws {
    var null = NullStream(correlation: 0, level: 0, seed: 53)
    let calibrator = try Calibrator(
      NullStream.detector,
      options: CalibrationOptions(minimumPerBucket: 20, rates: [0.001, 0.3, 0.1]))
    // 20 streams for blocks and 20 for thresholds.
    for number in 0..<40 { try calibrator.add(null.document(number, length: 50)) }
    let calibration = try #require(try calibrator.finish().calibration?.sequential)
    #expect(calibration.streamCount == 20)
    #expect(calibration.longestStream == 3)
    #expect(calibration.blocks[0].count == 20 * 3)
    #expect(calibration.thresholds.map(\.alpha) == [0.3, 0.1])
    for threshold in calibration.thresholds {
      #expect(threshold.logWealth[0] >= -log(threshold.alpha))
    }
  }

  @Test func documentsShorterThanABlockLeaveStreamsUncalibrated() throws {
    var null = NullStream(correlation: 0, level: 0, seed: 59)
    let calibrator = try Calibrator(
      NullStream.detector, options: CalibrationOptions(minimumPerBucket: 20))
    for number in 0..<40 { try calibrator.add(null.document(number, length: 15)) }
    #expect(try calibrator.finish().calibration?.sequential == nil)
  }
}
