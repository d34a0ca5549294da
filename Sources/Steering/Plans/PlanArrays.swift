import SAE
import Tensors

/// A plan's numbers as plain arrays in f32, for hosts that apply it in a kernel of their own.
///
/// `steering.h` (steer_plan_arrays_t) says what each holds; this owns them. Immutable.
package final class PlanArrays: Sendable {
  package let normalisation: Normalisation
  package let activation: ActivationFunction
  package let modelWidth: Int
  package let width: Int

  /// What is subtracted from the normalised row; empty for nothing.
  package let decoderBias: StoredArray<Float>
  package let readings: StoredArray<UInt32>
  package let encoderRows: StoredArray<Float>
  package let encoderBias: StoredArray<Float>
  package let encoderNorms: StoredArray<Float>
  package let threshold: StoredArray<Float>
  package let gateBias: StoredArray<Float>
  package let magnitudeBias: StoredArray<Float>
  package let gateScale: StoredArray<Float>
  package let rivalRows: StoredArray<Float>
  package let rivalBias: StoredArray<Float>
  package let rivalNorms: StoredArray<Float>

  package let features: StoredArray<UInt32>
  package let directions: StoredArray<Float>
  package let inverseNorms: StoredArray<Float>
  package let decodeScales: StoredArray<Float>

  package let editModes: StoredArray<Int32>
  package let editSlots: StoredArray<UInt32>
  package let editReadings: StoredArray<Int32>
  package let editScopes: StoredArray<UInt32>
  package let editUnits: StoredArray<Int32>
  package let editAmounts: StoredArray<Float>

  package let scopePhases: StoredArray<Int32>
  package let scopeSkipFirst: StoredArray<UInt64>
  package let scopeRangeOffsets: StoredArray<UInt64>
  /// Begin and end of every range, one after the other.
  package let scopeRanges: StoredArray<UInt64>

  /// Copies what `plan` applies.
  ///
  /// - Throws: `unsupportedDictionary` when the arrays cannot say how activations are read.
  package init(_ plan: Plan) throws(SteeringError) {
    let dictionary = plan.dictionary
    try Self.checkReadings(plan)
    let kernels = dictionary.kernels
    // Without a use for the row's factor a session never normalises, and finds no row undefined.
    normalisation =
      plan.encoder != nil || plan.needsRowScale ? dictionary.normalisation : .none
    activation = dictionary.activation
    modelWidth = dictionary.modelWidth
    width = plan.width
    decoderBias = StoredArray(dictionary.subtractsDecoderBias ? dictionary.decoderBias : [])

    let encoder = plan.encoder
    readings = StoredArray((encoder?.features ?? []).map { UInt32($0) })
    encoderRows = encoder.map { StoredArray($0.rows, kernels) } ?? StoredArray([])
    encoderBias = StoredArray(encoder?.bias ?? [])
    encoderNorms = StoredArray(encoder?.norms ?? [])
    var thresholds: [Float] = []
    var gates: (bias: [Float], magnitude: [Float], scale: [Float]) = ([], [], [])
    var rivals: FeatureRows?
    switch encoder?.selection {
    case nil: break
    case .threshold(let threshold): thresholds = threshold
    case .gate(let bias, let magnitude, let scale): gates = (bias, magnitude, scale)
    case .rank(let all, _, _): rivals = all
    // Refused above.
    case .sides, .groups, .blocks, .pursuit: break
    }
    threshold = StoredArray(thresholds)
    gateBias = StoredArray(gates.bias)
    magnitudeBias = StoredArray(gates.magnitude)
    gateScale = StoredArray(gates.scale)
    rivalRows = rivals.map { StoredArray($0, kernels) } ?? StoredArray([])
    rivalBias = StoredArray(rivals == nil ? [] : dictionary.encoderBias)
    rivalNorms = StoredArray(rivals == nil ? [] : dictionary.decoderNorms)

    features = StoredArray(plan.features.map { UInt32($0) })
    directions = StoredArray(plan.directions, kernels)
    inverseNorms = StoredArray(plan.inverseNorms)
    decodeScales = StoredArray(plan.features.map { dictionary.editScale(of: $0) })

    editModes = StoredArray(plan.edits.map { $0.mode.code })
    editSlots = StoredArray(plan.edits.map { UInt32($0.slot) })
    editReadings = StoredArray(plan.edits.map { Int32($0.reading) })
    editScopes = StoredArray(plan.edits.map { UInt32($0.scope) })
    editUnits = StoredArray(plan.edits.map { Int32($0.unit.rawValue) })
    editAmounts = StoredArray(plan.edits.map(\.amount))

    scopePhases = StoredArray(plan.scopes.map { $0.phase.code })
    scopeSkipFirst = StoredArray(plan.scopes.map { UInt64($0.skipFirst) })
    var offsets: [UInt64] = [0]
    var ranges: [UInt64] = []
    for scope in plan.scopes {
      for range in scope.ranges {
        ranges += [UInt64(range.lowerBound), UInt64(range.upperBound)]
      }
      offsets.append(UInt64(ranges.count / 2))
    }
    scopeRangeOffsets = StoredArray(offsets)
    scopeRanges = StoredArray(ranges)
  }

  private static func checkReadings(_ plan: Plan) throws(SteeringError) {
    guard let encoder = plan.encoder else { return }
    let dictionary = plan.dictionary
    switch encoder.selection {
    case .threshold, .gate, .rank: break
    case .sides, .groups, .blocks, .pursuit:
      throw SteeringError(
        .unsupportedDictionary,
        "plan arrays cannot read activations of \(dictionary.activation.name), expected thresholds,"
          + " gates or top-k: apply the plan in a session")
    }
    guard dictionary.decoderNormRole != .ranksOnly else {
      throw SteeringError(
        .unsupportedDictionary,
        "plan arrays cannot rank by decoder norms without scaling activations: apply the plan in a"
          + " session")
    }
  }
}
