import Detector
import Formats
import Steering

extension WatermarkEvaluation {
  /// Evaluates the scored texts of some files, which are read as one.
  ///
  /// - Throws: `malformedFile` naming file, line and member; `invalidArgument` for options outside their
  ///   range, for an unmarked text that is both in the null and judged, and without any text;
  ///   `inputOutput`.
  public init(paths: [String], options: Options = .init()) throws(SteeringError) {
    let evaluator = try SteeringError.rendering { () throws(DetectionError) in
      try WatermarkEvaluator(options)
    }
    for path in paths {
      let reader = try SteeringError.rendering { () throws(FormatError) in
        try ScoredTextReader(path)
      }
      while let text = try SteeringError.rendering({ () throws(FormatError) in try reader.next() })
      {
        do throws(DetectionError) {
          try evaluator.add(text)
        } catch {
          let error = SteeringError(error)
          throw SteeringError(error.code, "\(reader.place): \(error.message)")
        }
      }
    }
    self = try SteeringError.rendering { () throws(DetectionError) in try evaluator.finish() }
  }
}
