// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import SAE
import Steering

@c @implementation
public func steer_reader_create(
  _ dictionary: OpaquePointer?, _ features: UnsafePointer<UInt32>?, _ count: Int,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    guard let out else { throw .null("out") }
    // A feature may be named more than once; far more than the dictionary has is a mistake.
    let limit = dictionary.featureCount
    guard (1...limit).contains(count) else {
      throw Refusal(
        .invalidArgument,
        "n_features is \(UInt(bitPattern: count)), expected 1 to \(limit), the dictionary's features"
      )
    }
    _ = try Region(features, count: count, size: 4, alignment: 4, "features")
    let list = Array(UnsafeBufferPointer(start: features, count: count)).map { Int($0) }
    out.pointee = Handle.make(
      try refusing { () throws(SteeringError) in try FeatureReader(dictionary, features: list) })
  }
}

@c @implementation
public func steer_reader_destroy(_ reader: OpaquePointer?) {
  Handle.end(reader, FeatureReader.self)
}

@c @implementation
public func steer_reader_read(
  _ reader: OpaquePointer?, _ rows: UnsafeRawPointer?, _ type: steer_type_t, _ count: Int,
  _ stride: Int, _ activations: UnsafeMutablePointer<Float>?, _ activationStride: Int,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let reader = try Handle.object(reader, FeatureReader.self, "reader")
    let rows = try Rows(
      rows, type, count: count, stride: stride, width: reader.dictionary.modelWidth)
    guard let batch = rows.batch else { return }
    let features = reader.featureCount
    guard activationStride >= features else {
      throw Refusal(
        .shapeMismatch,
        "activation_stride is \(UInt(bitPattern: activationStride)), expected at least n_features,"
          + " \(features)")
    }
    let (distance, overflows) = (count - 1).multipliedReportingOverflow(by: activationStride)
    let (extent, wraps) = distance.addingReportingOverflow(features)
    guard !overflows, !wraps else {
      throw Refusal(.shapeMismatch, "activations do not fit into memory, expected smaller strides")
    }
    let region = try Region(activations, count: extent, size: 4, alignment: 4, "activations")
    guard let activations else { throw .null("activations") }
    try Region.checkDisjoint(region, rows.region)
    try naming { () throws(RowBatch.Failure) in
      try reader.read(batch, into: activations, stride: activationStride)
    }
  }
}

/// Runs library code that knows the offending row.
func naming(_ body: () throws(RowBatch.Failure) -> Void) throws(Refusal) {
  do throws(RowBatch.Failure) {
    try body()
  } catch {
    throw Refusal(error.error, row: error.row)
  }
}
