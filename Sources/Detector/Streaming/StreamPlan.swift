/// What all monitors of a detector share; immutable, for any number of threads.
package final class StreamPlan: Sendable {
  /// The detector.
  package let detector: FittedDetector
  /// The features whose activations are read, ascending, without repetition.
  package let monitoredFeatures: [Int]
  let plan: LinearPlan

  /// - Throws: What ``Scorer`` throws for the detector; `unsupported` naming a structure whose readout
  ///   needs the whole document.
  package init(_ detector: FittedDetector) throws(DetectionError) {
    try detector.check()
    if let structure = detector.unstreamable {
      throw DetectionError(
        .unsupported(
          what: "watching structure '\(structure.name)' token by token",
          expected: "linear readouts"))
    }
    self.detector = detector
    plan = LinearPlan(detector.structures)
    monitoredFeatures = plan.features.map(Int.init)
  }
}
