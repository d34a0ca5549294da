/// One thing that a detector looks for: a name and how it is scored.
public struct Structure: Sendable, Equatable {
  /// The name, unique in its detector: `past-tense`.
  public var name: String
  /// How a document's pooled features become a score; larger means more of the structure.
  public var readout: Readout
  /// How features are pooled.
  public var pooling: Pooling

  /// A structure.
  public init(name: String, readout: Readout, pooling: Pooling) {
    self.name = name
    self.readout = readout
    self.pooling = pooling
  }
}

/// How a score is made from pooled features, or from the pooled row.
public enum Readout: Sendable, Equatable {
  /// intercept + Σ wᵢ (pᵢ − cᵢ) / sᵢ over a few features.
  case linear(LinearReadout)
  /// Distance of a document's feature energies from those of a class.
  case profile(ProfileReadout)
  /// Share of a document's energy within the span of a class's main directions in feature space.
  case subspace(SubspaceReadout)
  /// intercept + w·x̄ over the mean residual row: the baseline that features are compared with.
  case dense(DenseReadout)
}

/// A weighted sum of a few pooled features.
public struct LinearReadout: Sendable, Equatable {
  /// One feature's part.
  public struct Term: Sendable, Equatable {
    /// The feature's index.
    public var feature: Int
    /// What is read from its activation.
    public var reading: Reading
    /// w, with its sign; per standardised unit.
    public var weight: Double
    /// c: subtracted from the pooled reading.
    public var centre: Double
    /// s: divides the difference; above 0.
    public var scale: Double
    /// What the feature was chosen for, where it was chosen from contrast pairs.
    public var evidence: Evidence?

    /// A term; one that only has a feature scores the pooled activation itself.
    public init(
      feature: Int, reading: Reading = .positive, weight: Double = 1, centre: Double = 0,
      scale: Double = 1, evidence: Evidence? = nil
    ) {
      self.feature = feature
      self.reading = reading
      self.weight = weight
      self.centre = centre
      self.scale = scale
      self.evidence = evidence
    }
  }

  /// How surely a feature tells a structure (LinguaLens, arXiv:2502.20344).
  public struct Evidence: Sendable, Equatable {
    /// PS: share of texts with the structure in which the feature fires.
    public var sufficiency: Double
    /// PN: share of texts without it in which the feature is silent.
    public var necessity: Double
    /// FRC = 2·PS·PN / (PS + PN).
    public var confidence: Double
    /// 95 % interval of FRC.
    public var interval: Interval
    /// Contrast pairs that were counted.
    public var pairCount: Int

    /// Evidence as it was measured.
    public init(
      sufficiency: Double, necessity: Double, confidence: Double, interval: Interval, pairCount: Int
    ) {
      self.sufficiency = sufficiency
      self.necessity = necessity
      self.confidence = confidence
      self.interval = interval
      self.pairCount = pairCount
    }
  }

  /// The features, ascending by index.
  public var terms: [Term]
  /// Added to the sum.
  public var intercept: Double

  /// A readout.
  public init(terms: [Term], intercept: Double = 0) {
    self.terms = terms
    self.intercept = intercept
  }
}

/// A class-activation profile: the class's share of energy per feature, largest first (arXiv:2604.26409).
///
/// Score: −Σ over the class's core features of |share of the document's energy − share of the class's|, so
/// that a document like the class scores near 0; one without any core feature scores −Σ shares, about −0.9 where
/// the core holds 90 % of the energy, and none scores below −2.
public struct ProfileReadout: Sendable, Equatable {
  /// Core features, in the order of their share.
  public var features: [Int]
  /// Their mean share of a document's energy Σ p², `[features]`; the sum is at most 1.
  public var shares: [Double]

  /// A profile.
  public init(features: [Int], shares: [Double]) {
    self.features = features
    self.shares = shares
  }
}

/// Main directions of a class's pooled features: score = ‖V p‖² / ‖p‖².
public struct SubspaceReadout: Sendable, Equatable {
  /// Features whose pooled values make up p.
  public var features: [Int]
  /// Orthonormal rows, `[rank, features]` row-major.
  public var basis: [Double]
  /// Number of rows.
  public var rank: Int

  /// A subspace.
  public init(features: [Int], basis: [Double], rank: Int) {
    self.features = features
    self.basis = basis
    self.rank = rank
  }
}

/// A linear probe on the mean residual row.
public struct DenseReadout: Sendable, Equatable {
  /// w, `[modelWidth]`, in the residual stream's own units.
  public var weights: [Double]
  /// Added to the product.
  public var intercept: Double

  /// A probe.
  public init(weights: [Double], intercept: Double) {
    self.weights = weights
    self.intercept = intercept
  }
}
