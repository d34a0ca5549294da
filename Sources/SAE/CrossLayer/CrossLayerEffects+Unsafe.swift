import Tensors

extension CrossLayerTranscoder {
  /// A change of one feature's activation: `delta` is the new activation minus the one that was read.
  package struct Edit: Sendable, Equatable {
    /// The source layer.
    package var layer: Int
    package var feature: Int
    package var delta: Float

    package init(layer: Int, feature: Int, delta: Float) {
      self.layer = layer
      self.feature = feature
      self.delta = delta
    }
  }

  /// What one unit of a feature adds to the output of layer `target`, `[outputWidth]`: D_s[i, t].
  ///
  /// - Throws: `field` for a layer that is not one, or a target before the source;
  ///   `featureOutOfRange`; `nonFiniteWeight`.
  package func effect(
    of feature: Int, source: Int, target: Int
  ) throws(DictionaryError) -> [Float] {
    try checkFeature(feature, ofLayer: source)
    try checkLayer(target, "target layer")
    guard target >= source else {
      throw DictionaryError(
        .field(
          name: "target layer", found: "\(target)",
          expected: "\(source) or later, the feature's own layer"))
    }
    if let error = nonFinite(source: source, feature: feature, target: target) { throw error }
    let place = decoder.place(source: source, feature: feature, target: target)
    return place.matrix.values(ofRow: place.row, kernels)
  }

  /// ``effect(of:source:target:)`` for every target from the feature's own layer on.
  package func effects(of feature: Int, source: Int) throws(DictionaryError) -> [[Float]] {
    try checkLayer(source)
    var rows: [[Float]] = []
    for target in source..<layerCount {
      rows.append(try effect(of: feature, source: source, target: target))
    }
    return rows
  }

  /// What the edits together add to every layer's output, `[layerCount, outputWidth]`.
  ///
  /// Layers before the first edited one get zeros. Allocates; ``CrossLayerSteering`` does not.
  package func deltas(for edits: [Edit]) throws(DictionaryError) -> [Float] {
    let steering = try CrossLayerSteering(self, edits.map { ($0.layer, $0.feature) })
    var out = [Float](repeating: 0, count: layerCount * outputWidth)
    let coefficients = edits.map(\.delta)
    try out.withUnsafeMutableBufferPointer { buffer throws(DictionaryError) in
      guard let base = buffer.baseAddress else { return }
      for target in 0..<layerCount {
        try steering.add(coefficients, target: target, into: base + target * outputWidth)
      }
    }
    return out
  }

  func checkFeature(_ feature: Int, ofLayer layer: Int) throws(DictionaryError) {
    try checkLayer(layer)
    guard feature >= 0 && feature < decoder.featureCounts[layer] else {
      throw DictionaryError(
        .featureOutOfRange(found: feature, count: decoder.featureCounts[layer]))
    }
  }
}

/// Adds changes of a few chosen features to the outputs of the layers that they write to.
///
/// ```
/// Δ_t = Σ_{(s, i) : s ≤ t} delta_{s,i} · D_s[i, t]
/// ```
///
/// This is the intervention of attribution graphs: `delta` = new − read activation, added to the MLP
/// output of every layer t ≥ s. Features are summed by source ascending, then feature ascending,
/// then as listed, in f32. It has its own copy of the rows that it needs.
///
/// Thread rule: immutable; share it between threads freely. Adding allocates nothing.
package final class CrossLayerSteering: Sendable {
  package let layerCount: Int
  package let outputWidth: Int
  /// The chosen (source layer, feature), as listed; `deltas` stand in this order.
  package let picks: [(layer: Int, feature: Int)]
  private let kernels: Kernels
  /// Positions in ``picks``, in the order of summation.
  private let order: [Int]
  /// Per target layer: the rows of the picks that reach it, in the order of summation.
  private let rows: [RowMatrix]
  /// Per target layer, how many entries of `order` reach it.
  private let reaching: [Int]

  /// Copies and checks the decoder rows of `picks`, for every layer that they reach.
  ///
  /// - Throws: `field` for a layer, `featureOutOfRange`, `nonFiniteWeight`.
  package init(
    _ transcoder: CrossLayerTranscoder, _ picks: [(layer: Int, feature: Int)]
  ) throws(DictionaryError) {
    for pick in picks { try transcoder.checkFeature(pick.feature, ofLayer: pick.layer) }
    let order = picks.indices.sorted {
      (picks[$0].layer, picks[$0].feature, $0) < (picks[$1].layer, picks[$1].feature, $1)
    }
    var rows: [RowMatrix] = []
    var reaching: [Int] = []
    for target in 0..<transcoder.layerCount {
      var values: [Float] = []
      let reached = order.prefix { picks[$0].layer <= target }
      for position in reached {
        values += try transcoder.effect(
          of: picks[position].feature, source: picks[position].layer, target: target)
      }
      rows.append(
        RowMatrix(rowCount: reached.count, width: transcoder.outputWidth, values: values))
      reaching.append(reached.count)
    }
    layerCount = transcoder.layerCount
    outputWidth = transcoder.outputWidth
    kernels = transcoder.kernels
    self.picks = picks
    self.order = order
    self.rows = rows
    self.reaching = reaching
  }

  /// Adds Δ of layer `target` to `out`, `[outputWidth]`; `deltas` is in the order of ``picks``.
  ///
  /// A delta of 0 adds nothing, not even a rounding.
  ///
  /// - Throws: `field` for a layer or a delta that is not finite, `shape` for another number of deltas;
  ///   `out` is then unchanged. `nonFiniteResult` with the layer as row when the sum overflows f32.
  package func add(
    _ deltas: [Float], target: Int, into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    guard target >= 0 && target < layerCount else {
      throw DictionaryError(
        .field(name: "target layer", found: "\(target)", expected: "0 to \(layerCount - 1)"))
    }
    guard deltas.count == picks.count else {
      throw DictionaryError(
        .shape(tensor: "deltas", found: [deltas.count], expected: [picks.count]))
    }
    for delta in deltas where !delta.isFinite {
      throw DictionaryError(.field(name: "delta", found: "\(delta)", expected: "a finite number"))
    }
    let isFinite = RowSum.write(into: out, width: outputWidth, start: out, kernels) { sum in
      for index in 0..<reaching[target] where deltas[order[index]] != 0 {
        sum.add(rows[target], row: index, scale: deltas[order[index]])
      }
    }
    guard isFinite else {
      throw DictionaryError(.nonFiniteResult(row: target))
    }
  }
}
