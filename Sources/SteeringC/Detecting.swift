// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Detector
import SAE
import Steering

@c @implementation
public func steer_detector_open_json(
  _ dictionary: OpaquePointer?, _ json: UnsafePointer<CChar>?, _ length: Int,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    guard let json else { throw .null("json") }
    guard let out else { throw .null("out") }
    let limit = StreamDetector.jsonByteLimit
    guard (0...limit).contains(length) else {
      throw Refusal(
        .invalidArgument,
        "length is \(UInt(bitPattern: length)) bytes, expected at most \(limit)")
    }
    let bytes = Array(UnsafeRawBufferPointer(start: json, count: length))
    out.pointee = Handle.make(
      try refusing { () throws(SteeringError) in
        try StreamDetector(try FittedDetector(json: bytes), dictionary)
      })
  }
}

@c @implementation
public func steer_detector_destroy(_ detector: OpaquePointer?) {
  Handle.end(detector, StreamDetector.self)
}

@c @implementation
public func steer_detector_inspect(
  _ detector: OpaquePointer?, _ info: UnsafeMutablePointer<steer_detector_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let streams = try Handle.object(detector, StreamDetector.self, "detector")
    let calibration = streams.detector.calibration
    var value = steer_detector_info_t()
    if let calibration {
      value.flags |= UInt32(STEER_DETECTOR_CALIBRATED)
      value.shortest_length = UInt64(calibration.buckets.first?.lengths.lowerBound ?? 0)
      value.longest_length = UInt64(calibration.buckets.last?.lengths.upperBound ?? 0)
    }
    if let sequential = calibration?.sequential {
      value.flags |= UInt32(STEER_DETECTOR_CALIBRATED_STREAMS)
      value.block_length = UInt64(sequential.blockLength)
    }
    value.n_structures = UInt64(streams.detector.structures.count)
    value.n_features = UInt64(streams.monitoredFeatures.count)
    value.model_width = UInt64(streams.dictionary.modelWidth)
    try Struct.write(value, to: info, "info")
  }
}

@c @implementation
public func steer_detector_structure_name(
  _ detector: OpaquePointer?, _ structure: Int, _ buffer: UnsafeMutablePointer<CChar>?,
  _ capacity: Int, _ required: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let streams = try Handle.object(detector, StreamDetector.self, "detector")
    try check(structure: structure, of: streams)
    try Text.write(
      streams.detector.structures[structure].name, to: buffer, capacity: capacity,
      required: required)
  }
}

/// Refuses a structure that the detector does not look for.
func check(structure: Int, of streams: StreamDetector) throws(Refusal) {
  let count = streams.detector.structures.count
  guard (0..<count).contains(structure) else {
    throw Refusal(
      .invalidArgument,
      "structure is \(UInt(bitPattern: structure)), expected 0 to \(count - 1)")
  }
}
