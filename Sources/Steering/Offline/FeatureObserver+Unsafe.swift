import SAE
import Tensors

/// Collects, per steered feature, activations before and after, and the dose of each edited row.
final class FeatureObserver {
  private let plan: Plan
  private let reader: SelectiveEncoder?
  private let scratch: SelectiveEncoder.Scratch?
  private let before: FloatBuffer
  private let after: FloatBuffer
  private var features: [ApplyReport.Feature]
  private var sums: [(before: Double, after: Double)]
  private var doses: [Float] = []
  private var rowsUndefined = 0
  private var editedRows: [Int] = []

  /// Gathers encoder rows for reading; a transcoder's rows cannot be read where they are written.
  init(_ plan: Plan) throws(SteeringError) {
    self.plan = plan
    do throws(DictionaryError) {
      reader =
        plan.dictionary.kind == .autoencoder
        ? try SelectiveEncoder(plan.dictionary, features: plan.features) : nil
    } catch {
      throw SteeringError(error, in: plan.dictionary)
    }
    scratch = reader.map { SelectiveEncoder.Scratch(for: $0) }
    before = FloatBuffer(count: plan.features.count)
    after = FloatBuffer(count: plan.features.count)
    features = plan.features.map { feature in
      ApplyReport.Feature(
        feature: feature,
        interventions: plan.document.interventions.filter { $0.feature == feature })
    }
    sums = Array(repeating: (0, 0), count: plan.features.count)
  }

  func observe(
    row: Int, _ edit: RowEdit, _ session: Session, before x: UnsafePointer<Float>,
    after y: UnsafePointer<Float>
  ) {
    for slot in features.indices where session.isInScope(slot: slot) {
      features[slot].rowsInScope += 1
    }
    if edit.outcome == .undefined { rowsUndefined += 1 }
    guard edit.outcome == .edited else { return }
    editedRows.append(row)
    doses.append(edit.dose)
    let isReadable = read(x, into: before, row) && read(y, into: after, row)
    for slot in features.indices where session.coefficient(ofSlot: slot) != 0 {
      features[slot].rowsTouched += 1
      guard isReadable else { continue }
      let (old, new) = (Double(before[slot]), Double(after[slot]))
      sums[slot].before += old
      sums[slot].after += new
      features[slot].rowsRead += 1
      features[slot].activeBefore += old != 0 ? 1 : 0
      features[slot].activeAfter += new != 0 ? 1 : 0
      features[slot].maximumBefore = max(features[slot].maximumBefore ?? old, old)
      features[slot].maximumAfter = max(features[slot].maximumAfter ?? new, new)
    }
  }

  /// Whether the activations could be read; a row that the encoder overflows on is merely not reported.
  private func read(_ x: UnsafePointer<Float>, into out: FloatBuffer, _ row: Int) -> Bool {
    guard let reader, let scratch else { return false }
    do throws(DictionaryError) {
      return try reader.read(x, into: out.base, row: row, scratch) != nil
    } catch {
      return false
    }
  }

  func report(rowCount: Int, special: [Bool]?, output: String, byteCount: Int) -> ApplyReport {
    var features = features
    for slot in features.indices where features[slot].rowsRead > 0 {
      features[slot].meanBefore = sums[slot].before / Double(features[slot].rowsRead)
      features[slot].meanAfter = sums[slot].after / Double(features[slot].rowsRead)
    }
    var report = ApplyReport(
      rowCount: rowCount, features: features, outputPath: output, outputByteCount: byteCount)
    report.rowsEdited = editedRows.count
    report.rowsUndefined = rowsUndefined
    report.specialRowsEdited = special.map { mask in
      editedRows.reduce(0) { $0 + (mask[$1] ? 1 : 0) }
    }
    report.dose = dose()
    return report
  }

  private func dose() -> ApplyReport.Dose? {
    let finite = doses.filter { $0.isFinite }.map(Double.init)
    guard let median = OrdinaryRows.median(finite), let low = finite.min(), let high = finite.max()
    else { return nil }
    return ApplyReport.Dose(
      minimum: low, median: median, maximum: high,
      histogram: Histogram.tenths(finite, from: low, to: high))
  }
}
