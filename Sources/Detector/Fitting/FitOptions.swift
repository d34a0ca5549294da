/// How the features of a bank are weighted.
public enum BankWeighting: String, Sendable, CaseIterable {
  /// ±1.
  case equal
  /// ±FRC.
  case confidence
  /// Logistic regression with an L2 penalty on the chosen features. A feature that others stand in for may
  /// get a weight of the other sign than its own evidence.
  case logistic
}

/// How a detector is fitted.
public struct FitOptions: Sendable, Equatable {
  /// What is fitted.
  public var kind: FittedDetector.Kind
  /// Structures to look for; nil takes every one that the documents are labelled for.
  public var structures: [String]?
  /// How features are pooled; not used by `dense`, which reads the mean row.
  public var pooling: Pooling
  /// Features per structure; nil takes the kind's own: 5 for `bank`, 16 for `probe`, at most 256 for
  /// `profile` and 128 for `subspace`.
  public var featureCount: Int?
  /// The feature that `feature` reads; nil chooses one.
  public var feature: Int?
  /// C, the inverse strength of the L2 penalty; nil takes the kind's own: 1 for `probe`, 0.01 for
  /// `dense` and for a `bank` with fitted weights.
  public var inverseStrength: Double?
  /// How the features of a `bank` are weighted.
  public var weighting: BankWeighting

  /// Options of a kind, all others as documented.
  public init(
    kind: FittedDetector.Kind, structures: [String]? = nil, pooling: Pooling? = nil,
    featureCount: Int? = nil, feature: Int? = nil, inverseStrength: Double? = nil,
    weighting: BankWeighting = .logistic
  ) {
    self.kind = kind
    self.structures = structures
    self.pooling = pooling ?? Self.defaultPooling(of: kind)
    self.featureCount = featureCount
    self.feature = feature
    self.inverseStrength = inverseStrength
    self.weighting = weighting
  }

  /// The pooling of a kind where none is given.
  public static func defaultPooling(of kind: FittedDetector.Kind) -> Pooling {
    switch kind {
    case .feature, .bank, .probe: .maximum
    case .profile, .subspace, .dense, .watermark: .mean
    }
  }

  func check(featureCount available: Int) throws(DetectionError) {
    guard kind != .watermark else {
      throw DetectionError(
        .unsupported(
          what: "fitting kind 'watermark', which a bank and a key make,",
          expected: "another kind"))
    }
    let most = kind == .subspace ? min(256, available) : available
    if let featureCount, !(1...max(most, 1)).contains(featureCount) {
      throw DetectionError(
        .field(name: "features", found: "\(featureCount)", expected: "1 to \(most)"))
    }
    if let feature, kind != .feature {
      throw DetectionError(
        .unsupported(
          what: "feature \(feature) for kind '\(kind.rawValue)'", expected: "kind 'feature'"))
    }
    if let inverseStrength {
      guard kind == .probe || kind == .dense || (kind == .bank && weighting == .logistic) else {
        throw DetectionError(
          .unsupported(
            what: "an L2 penalty for kind '\(kind.rawValue)'",
            expected: "kind 'probe', 'dense' or a bank with fitted weights"))
      }
      guard inverseStrength > 0, inverseStrength.isFinite else {
        throw DetectionError(.field(name: "C", found: "\(inverseStrength)", expected: "above 0"))
      }
    }
    if let structures, Set(structures).count != structures.count || structures.isEmpty {
      throw DetectionError(
        .field(name: "structures", found: "\(structures)", expected: "one or more different names"))
    }
  }
}
