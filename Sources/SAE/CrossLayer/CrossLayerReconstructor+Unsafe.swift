import Tensors

/// Predicts what each layer writes from the codes of that layer and of those before it.
///
/// Only the active features' decoder rows are read. They are not checked beforehand, since a file of
/// many gigabytes would be paged in for it: a NaN or an infinity in a row always shows in the result,
/// and is then found and named.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation, decoding allocates nothing.
package final class CrossLayerReconstructor {
  package let transcoder: CrossLayerTranscoder
  private let scratch: FloatBuffer

  package init(_ transcoder: CrossLayerTranscoder) {
    self.transcoder = transcoder
    scratch = FloatBuffer(count: transcoder.outputWidth)
  }

  /// Writes y_t of row `row`, `[outputWidth]`.
  ///
  /// `codes` holds one list per source layer, at least those of layers 0 to `target`. `x`,
  /// `[modelWidth]`, is the row that the target layer reads, for the linear path; nil leaves that path
  /// out. NaN where one of the rows has no defined codes.
  ///
  /// - Throws: `field` and `shape` for a target, row or code list that does not fit; `nonFiniteInput`;
  ///   `nonFiniteWeight` naming layers and feature; `nonFiniteResult`. `out` is then unspecified.
  /// - Complexity: O((active features of layers 0 to `target`) · outputWidth), and outputWidth ·
  ///   modelWidth with a linear path.
  package func decode(
    target: Int, codes: [SparseCodes], row: Int, of x: UnsafePointer<Float>?,
    into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    try check(target: target, codes: codes, row: row)
    let width = transcoder.outputWidth
    let kernels = transcoder.kernels
    if let x {
      let bad = kernels.firstNonfinite(x, count: transcoder.modelWidth)
      guard bad == transcoder.modelWidth else {
        throw DictionaryError(.nonFiniteInput(row: row, column: bad))
      }
    }
    guard !(0...target).contains(where: { codes[$0].isUndefined(row: row) }) else {
      out.update(repeating: .nan, count: width)
      return
    }
    var isFinite = transcoder.decoderBiases[target].withUnsafeBufferPointer { bias in
      RowSum.write(into: out, width: width, base: bias.baseAddress, kernels) { sum in
        for source in 0...target {
          let codes = codes[source]
          for position in codes.range(ofRow: row) {
            let place = transcoder.decoder.place(
              source: source, feature: Int(codes.indices[position]), target: target)
            sum.add(place.matrix, row: place.row, scale: codes.values[position])
          }
        }
      }
    }
    if let x, let skip = transcoder.skips[target] {
      skip.matvec(from: 0, count: width, x, into: scratch.base, kernels)
      for index in 0..<width { out[index] += scratch[index] }
      isFinite = kernels.firstNonfinite(out, count: width) == width
    }
    guard isFinite else { throw failure(target: target, codes: codes, row: row) }
  }

  /// Writes y of every layer, `[layerCount, outputWidth]`.
  ///
  /// `x` is `[layerCount, modelWidth]`, the rows that the layers read; nil leaves linear paths out.
  /// The same bits as ``decode(target:codes:row:of:into:)`` layer by layer, and the same errors.
  package func decodeAll(
    codes: [SparseCodes], row: Int, of x: UnsafePointer<Float>?,
    into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    for target in 0..<transcoder.layerCount {
      try decode(
        target: target, codes: codes, row: row, of: x.map { $0 + target * transcoder.modelWidth },
        into: out + target * transcoder.outputWidth)
    }
  }

  private func check(target: Int, codes: [SparseCodes], row: Int) throws(DictionaryError) {
    try transcoder.checkLayer(target, "target layer")
    guard codes.count > target else {
      throw DictionaryError(.shape(tensor: "codes", found: [codes.count], expected: [target + 1]))
    }
    for source in 0...target {
      let features = transcoder.decoder.featureCounts[source]
      guard codes[source].featureCount == features else {
        throw DictionaryError(
          .shape(
            tensor: "codes of layer \(source)", found: [codes[source].featureCount],
            expected: [features]))
      }
      guard row >= 0 && row < codes[source].rowCount else {
        throw DictionaryError(
          .field(
            name: "row of the codes of layer \(source)", found: "\(row)",
            expected: "below \(codes[source].rowCount), the row count"))
      }
    }
  }

  /// Why a result is not finite: a weight that was read, or else an overflow.
  private func failure(target: Int, codes: [SparseCodes], row: Int) -> DictionaryError {
    for source in 0...target {
      for position in codes[source].range(ofRow: row) {
        let feature = Int(codes[source].indices[position])
        if let error = transcoder.nonFinite(source: source, feature: feature, target: target) {
          return error
        }
      }
    }
    return DictionaryError(.nonFiniteResult(row: row))
  }
}

extension CrossLayerTranscoder {
  /// The error for a decoder row that holds a NaN or an infinity, or nil.
  func nonFinite(source: Int, feature: Int, target: Int) -> DictionaryError? {
    let place = decoder.place(source: source, feature: feature, target: target)
    guard let bad = place.matrix.firstNonFinite(in: place.row..<(place.row + 1), kernels)
    else { return nil }
    return DictionaryError(
      .nonFiniteWeight(
        tensor: "decoder of layer \(source) for layer \(target)", row: feature,
        column: bad.column))
  }
}
