import Detector
import Testing

@Suite struct DetectorCheckTests {
  private func reason(
    _ change: (inout FittedDetector) -> Void
  ) -> DetectionError.Reason? {
    var detector = Sample.detector([Sample.linear("a", pooling: .mean)])
    change(&detector)
    do throws(DetectionError) {
      _ = try Scorer(detector)
      return nil
    } catch {
      return error.reason
    }
  }

  private func reason(terms: [LinearReadout.Term], intercept: Double = 0) -> DetectionError.Reason?
  {
    reason { $0.structures[0].readout = .linear(LinearReadout(terms: terms, intercept: intercept)) }
  }

  @Test func soundDetectorsPass() {
    #expect(reason { _ in } == nil)
  }

  @Test func linearReadoutsAreChecked() {
    #expect(
      reason(terms: [])
        == .field(name: "structures[0].terms", found: "none", expected: "at least one"))
    #expect(reason(terms: [.init(feature: 40)]) == .featureOutOfRange(found: 40, count: 40))
    #expect(reason(terms: [.init(feature: -1)]) == .featureOutOfRange(found: -1, count: 40))
    #expect(
      reason(terms: [.init(feature: 5), .init(feature: 4)])
        == .field(
          name: "structures[0].terms[1].feature", found: "4", expected: "5 or more, ascending"))
    #expect(
      reason(terms: [.init(feature: 5, scale: 0)])
        == .field(name: "structures[0].terms[0].scale", found: "0.0", expected: "above 0"))
    #expect(
      reason(terms: [.init(feature: 5, weight: .nan)])
        == .nonFinite(what: "structures[0].terms[0].weight"))
    #expect(
      reason(terms: [.init(feature: 5)], intercept: .infinity)
        == .nonFinite(what: "structures[0].intercept"))
  }

  /// No choice of finite numbers may lead to a score that is NaN or infinite, or a step that is.
  @Test func scoresThatMayOverflowAreRefused() {
    func name(_ reason: DetectionError.Reason?) -> String? {
      guard case .field(let name, _, "a score that stays finite") = reason else { return nil }
      return name
    }
    #expect(
      name(reason(terms: [.init(feature: 1), .init(feature: 5, weight: 1e308, scale: 1e-300)]))
        == "structures[0].terms[1].weight")
    #expect(
      name(reason(terms: [.init(feature: 5, weight: 1e300, scale: 1e300)]))
        == "structures[0].terms[0].weight")
    #expect(
      name(reason(terms: [.init(feature: 5, weight: -2, centre: 1e308)]))
        == "structures[0].terms[0].weight")
    let half = LinearReadout.Term(feature: 5, weight: 1e269)
    #expect(reason(terms: [half], intercept: -1e308) == nil)
    #expect(
      name(reason(terms: [half, half], intercept: .greatestFiniteMagnitude))
        == "structures[0].terms[0].weight")
    #expect(
      name(
        reason {
          $0.structures[0].readout = .subspace(
            .init(features: [1, 2], basis: [1, 1e120], rank: 1))
        }
      ) == "structures[0].basis[1]")
    #expect(
      name(
        reason {
          $0.structures[0].readout = .dense(.init(weights: [0, 1, 1e300, 0], intercept: 0))
        }) == "structures[0].weights[2]")
  }

  @Test(arguments: [("a\0b", "0000"), ("a\n", "000A"), ("\u{7F}", "007F"), ("a\u{85}", "0085")])
  func controlCharactersInNamesAreRefused(_ name: String, _ code: String) {
    func expected(_ field: String) -> DetectionError.Reason {
      .field(
        name: field, found: "a text with U+\(code)", expected: "a name without control characters")
    }
    #expect(reason { $0.structures[0].name = name } == expected("structures[0].name"))
    #expect(reason { $0.name = name } == expected("name"))
    #expect(reason { $0.structures[0].name = "h\u{F6}chst \u{A0}\u{1F600}" } == nil)
  }

  @Test func featureCountsAreLimited() {
    #expect(reason { $0.dictionary.featureCount = 1 << 24 } == nil)
    #expect(
      reason { $0.dictionary.featureCount = (1 << 24) + 1 }
        == .field(
          name: "dictionary.featureCount", found: "16777217", expected: "1 to 16777216"))
  }

  @Test func namesAreUnique() {
    #expect(
      reason { $0.structures.append($0.structures[0]) }
        == .field(
          name: "structures[1].name", found: "'a' again", expected: "a name of its own"))
    #expect(
      reason { $0.structures = [] }
        == .field(name: "structures", found: "none", expected: "at least one"))
  }

  @Test func otherReadoutsAreChecked() {
    #expect(
      reason { $0.structures[0].readout = .profile(.init(features: [1, 1], shares: [0, 0])) }
        == .field(
          name: "structures[0].features[1]", found: "1 again", expected: "each feature once"))
    #expect(
      reason { $0.structures[0].readout = .profile(.init(features: [1], shares: [])) }
        == .count(of: "structures[0].shares", found: 0, expected: 1))
    #expect(
      reason { $0.structures[0].readout = .subspace(.init(features: [1, 2], basis: [1], rank: 1)) }
        == .count(of: "structures[0].basis", found: 1, expected: 2))
    #expect(
      reason {
        $0.structures[0].readout = .subspace(.init(features: [1, 2], basis: [], rank: .max))
      } == .field(name: "structures[0].rank", found: "\(Int.max)", expected: "1 to 2"))
    #expect(
      reason { $0.structures[0].readout = .dense(.init(weights: [1], intercept: 0)) }
        == .count(of: "structures[0].weights", found: 1, expected: 4))
  }

  @Test func calibrationsThatDoNotFitAreRefused() throws {
    let null = try NullSample([1, 2, 3])
    let bucket = Calibration.Bucket(lengths: 3...9, nulls: [null], combined: nil)
    func reason(_ change: (inout Calibration) -> Void) -> DetectionError.Reason? {
      var calibration = Calibration(
        buckets: [bucket], correlation: [1], record: SplitRecord([]), sequential: nil)
      change(&calibration)
      return self.reason { $0.calibration = calibration }
    }
    #expect(reason { _ in } == nil)
    #expect(
      reason { $0.buckets.append(.init(lengths: 11...12, nulls: [null], combined: nil)) }
        == .field(
          name: "calibration.buckets[1].lengths", found: "11", expected: "10, without a gap"))
    #expect(
      reason { $0.buckets[0].nulls = [] }
        == .count(of: "calibration.buckets[0].nulls", found: 0, expected: 1))
    #expect(
      reason { $0.buckets[0].combined = null }
        == .field(
          name: "calibration.buckets[0].combined", found: "a null sample",
          expected: "nothing for one structure"))
    #expect(
      reason { $0.correlation = [] }
        == .count(of: "calibration.correlation", found: 0, expected: 1))
    #expect(
      reason { $0.correlation = [0.5] }
        == .field(
          name: "calibration.correlation[0]", found: "0.5", expected: "1 on the diagonal"))
    #expect(
      reason {
        $0.sequential = SequentialCalibration(
          blockLength: 2, blocks: [null], thresholds: [.init(alpha: 0.1, logWealth: [.nan])],
          streamCount: 3, longestStream: 5)
      }
        == .field(
          name: "calibration.sequential.thresholds[0].logWealth", found: "nan",
          expected: "0 or more"))
  }
}
