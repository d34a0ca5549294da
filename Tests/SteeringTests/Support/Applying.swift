import SAE
import Steering

extension Session {
  /// Edits an array.
  @discardableResult
  func apply(toArray row: inout [Float]) throws -> RowEdit {
    var span = row.mutableSpan
    return try apply(to: &span)
  }
}

extension SparseDictionary {
  /// One row after a plan of these interventions, at position 0.
  func steered(_ row: [Float], _ interventions: [Intervention]) throws -> [Float] {
    var result = row
    let session = Session(try Plan(PlanDocument(interventions), dictionary: self))
    try session.apply(toArray: &result)
    return result
  }

  /// Codes of rows, through the full encoder.
  func codes(_ rows: [[Float]]) throws -> SparseCodes {
    var codes = SparseCodes(featureCount: featureCount)
    try makeEncoder().encode(
      rows.flatMap { $0 }, count: rows.count, stride: modelWidth, into: &codes)
    return codes
  }
}

/// The bits of every value, so that −0 differs from 0 and NaN equals itself.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// The error that `body` throws, as the public one; nil when there is none.
func steeringError(_ body: () throws -> Void) -> SteeringError? {
  do {
    try body()
    return nil
  } catch {
    return error as? SteeringError
  }
}
