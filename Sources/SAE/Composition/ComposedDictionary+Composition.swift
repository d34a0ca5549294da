import Glibc

extension ComposedDictionary {
  /// How one decoder row is made of meta features.
  public struct Composition: Sendable {
    /// u_j, what the meta dictionary was given, `[outputWidth]`.
    public let row: [Float]
    /// m_j, one row of codes over the meta dictionary's features.
    public let codes: SparseCodes
    /// û_j, `[outputWidth]`.
    public let reconstruction: [Float]
    /// ‖u_j − û_j‖², in f64.
    public let squaredError: Double
    /// ‖u_j‖², in f64.
    public let squaredNorm: Double

    /// exp(−‖u_j − û_j‖² / σ²): 1 for a row that meta features explain wholly, 0 for one far from them.
    ///
    /// `variance` is σ², a positive finite number; the paper's 1 belongs to rows of norm 1.
    public func decomposability(variance: Double = 1) -> Double {
      precondition(variance > 0 && variance.isFinite, "variance must be positive and finite")
      return exp(-squaredError / variance)
    }

    /// 1 − ‖u_j − û_j‖² / ‖u_j‖², negative where the reconstruction is worse than none; nil for a zero row.
    public var explainedFraction: Double? {
      squaredNorm > 0 ? 1 - squaredError / squaredNorm : nil
    }
  }
}
