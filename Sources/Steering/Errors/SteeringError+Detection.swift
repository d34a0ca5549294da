import Detector

extension SteeringError {
  /// Runs `body` and turns a detector's error into the public one.
  package static func rendering<R>(
    _ body: () throws(DetectionError) -> R
  ) throws(SteeringError) -> R {
    do throws(DetectionError) {
      return try body()
    } catch {
      throw SteeringError(error)
    }
  }

  /// Turns a detector's error into the public one.
  package init(_ error: DetectionError) {
    switch error.reason {
    case .field(let name, let found, let expected):
      self.init(.invalidArgument, "'\(name)' is \(found), expected \(expected)")
    case .count(let what, let found, let expected):
      self.init(.shapeMismatch, "\(what): \(found) found, expected \(expected)")
    case .tooFew(let what, let found, let needed):
      self.init(.invalidArgument, "\(found) \(what), expected at least \(needed)")
    case .nonFinite(let what):
      self.init(.nonFinite, "\(what) is NaN or infinite, expected a finite number")
    case .featureOutOfRange(let found, let count):
      self.init(.invalidArgument, "feature \(found) does not exist, expected 0 to \(count - 1)")
    case .splitOverlap(let document, let first, let second):
      self.init(
        .invalidArgument,
        "document '\(document)' is in the \(first) and in the \(second), expected separate documents"
      )
    case .duplicate(let document, let split):
      self.init(
        .invalidArgument, "document '\(document)' is twice in the \(split), expected each once")
    case .notCalibrated(let what):
      self.init(.invalidArgument, "\(what) needs a calibrated detector, expected a calibration")
    case .unsupported(let what, let expected):
      self.init(.invalidArgument, "\(what) is not supported, expected \(expected)")
    }
  }
}
