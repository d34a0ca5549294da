import SAE
import Tensors

extension PlanDocument {
  /// Whether some intervention is in multiples of a maximum activation that it does not give.
  public var needsMaximumActivations: Bool {
    interventions.contains { $0.strength == .maximumActivation && $0.maximumActivation == nil }
  }

  /// Fills in the missing maximum activations with the largest ones on the ordinary rows of
  /// `activations`.
  ///
  /// - Throws: `invalidPlan` when a feature never fires there, so that it has no maximum to multiply, and
  ///   for a transcoder, whose activations are read elsewhere than these rows are from.
  public func measuringMaximumActivations(
    _ dictionary: SparseDictionary, on activations: Activations,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> PlanDocument {
    let missing = interventions.filter {
      $0.strength == .maximumActivation && $0.maximumActivation == nil
    }
    let features = Array(Set(missing.map(\.feature))).sorted()
    guard !features.isEmpty else { return self }
    do throws(PlanError) {
      try check(featureCount: dictionary.featureCount, needsMaxima: false)
    } catch {
      throw SteeringError(error)
    }
    guard dictionary.kind == .autoencoder else {
      throw SteeringError(
        .invalidPlan,
        "strength max-activation needs the features' largest activations, which cannot be measured on"
          + " the output rows of a transcoder: give max_activation")
    }
    try activations.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    let ordinary = try OrdinaryRows(activations).isOrdinary
    let maxima = try Self.maxima(dictionary, features, activations, ordinary, progress)
    var filled = self
    for index in filled.interventions.indices {
      let intervention = filled.interventions[index]
      guard intervention.strength == .maximumActivation, intervention.maximumActivation == nil,
        let place = features.firstIndex(of: intervention.feature)
      else { continue }
      guard maxima[place] > 0 else {
        throw SteeringError(
          .invalidPlan,
          "feature \(intervention.feature) never fires on the ordinary rows of \(activations.path),"
            + " so it has no maximum activation: give max_activation, or other activations")
      }
      filled.interventions[index].maximumActivation = Double(maxima[place])
    }
    return filled
  }

  private static func maxima(
    _ dictionary: SparseDictionary, _ features: [Int], _ activations: Activations,
    _ isOrdinary: [Bool], _ progress: (Int, Int) -> Void
  ) throws(SteeringError) -> [Float] {
    let reader: SelectiveEncoder
    do throws(DictionaryError) {
      reader = try SelectiveEncoder(dictionary, features: features)
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    let scratch = SelectiveEncoder.Scratch(for: reader)
    let values = FloatBuffer(count: features.count)
    var maxima = [Float](repeating: 0, count: features.count)
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      for row in 0..<count where isOrdinary[first + row] {
        do throws(DictionaryError) {
          let transform = try reader.read(
            rows + row * activations.width, into: values.base, row: first + row, scratch)
          guard transform != nil else { continue }
        } catch {
          throw SteeringError(error).inFile(activations.path)
        }
        for index in features.indices { maxima[index] = max(maxima[index], abs(values[index])) }
      }
      progress(first + count, activations.rowCount)
    }
    return maxima
  }
}
