import Detector

extension FittedDetector {
  /// Scores documents by this detector; one scorer per thread.
  ///
  /// - Throws: `invalidArgument`, `shapeMismatch` or `nonFinite`, naming a field that no score can be
  ///   made of.
  public func scorer() throws(SteeringError) -> Scorer {
    try SteeringError.rendering { () throws(DetectionError) in try Scorer(self) }
  }
}
