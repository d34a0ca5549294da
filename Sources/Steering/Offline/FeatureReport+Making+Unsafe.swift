import SAE
import Tensors

extension FeatureReport {
  /// Looks at one feature's weights, and at `encoding` where there is one.
  ///
  /// - Parameters:
  ///   - encoding: Codes of the rows to report on.
  ///   - count: How many neighbours, peaks and companions to list.
  public init(
    _ feature: Int, of dictionary: SparseDictionary, encoding: ActivationEncoding? = nil,
    positions: Activations? = nil, count: Int = 8
  ) throws(SteeringError) {
    precondition(count >= 0, "count must not be negative")
    let kernels = dictionary.kernels
    let encoderRow: [Float]
    do throws(DictionaryError) {
      try dictionary.checkFeature(feature)
      encoderRow = try dictionary.encoder.rows(of: [feature], kernels).values(ofRow: 0, kernels)
      try dictionary.checkOutputWeights()
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    self.feature = feature
    encoderNorm = Self.norm(encoderRow)
    decoderNorm = dictionary.decoder.norm(ofRow: feature, kernels)
    let decoderRow = dictionary.decoder.values(ofRow: feature, kernels)
    if dictionary.kind == .autoencoder, encoderNorm > 0, decoderNorm > 0 {
      let product = zip(encoderRow, decoderRow).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      encoderDecoderCosine = product / (encoderNorm * decoderNorm)
    } else {
      encoderDecoderCosine = nil
    }
    switch dictionary.activation {
    case .jumpReLU(let values): threshold = Double(values[feature])
    case .batchTopK(let value): threshold = Double(value)
    default: threshold = nil
    }
    if case .gated(let gate, _, _) = dictionary.activation {
      encoderBias = Double(gate[feature])
    } else {
      encoderBias = Double(dictionary.encoderBias[feature])
    }
    let cosines = Self.cosines(decoderRow, dictionary, excluding: feature)
    let byCosine = cosines.sorted { ($1.cosine, $0.feature) < ($0.cosine, $1.feature) }
    nearest = Array(byCosine.prefix(count))
    mostOpposite = cosines.min { ($0.cosine, $0.feature) < ($1.cosine, $1.feature) }
    firing = encoding.map { Self.firing(feature, $0.codes, positions, count: count) }
  }

  private static func norm(_ values: [Float]) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// Cosines of every feature's decoder row with `row`; features with a zero row are left out.
  static func cosines(
    _ row: [Float], _ dictionary: SparseDictionary, excluding feature: Int? = nil
  ) -> [Neighbour] {
    let own = norm(row)
    guard own > 0 else { return [] }
    let n = dictionary.featureCount
    let products = FloatBuffer(count: n)
    // A unit vector: products stay below the other row's norm, and so in range.
    let unit = row.map { Float(Double($0) / own) }
    unit.withUnsafeBufferPointer { unit in
      guard let base = unit.baseAddress else { return }
      dictionary.decoder.matvec(
        from: 0, count: n, base, into: products.base, dictionary.kernels)
    }
    var found: [Neighbour] = []
    for other in 0..<n where other != feature {
      let norm = dictionary.decoder.norm(ofRow: other, dictionary.kernels)
      let cosine = Double(products[other]) / norm
      guard norm > 0, cosine.isFinite else { continue }
      found.append(Neighbour(feature: other, cosine: cosine))
    }
    return found
  }

  private static func firing(
    _ feature: Int, _ codes: SparseCodes, _ activations: Activations?, count: Int
  ) -> Firing {
    var together = [Int](repeating: 0, count: codes.featureCount)
    var totals = [Int](repeating: 0, count: codes.featureCount)
    var peaks: [Peak] = []
    for row in 0..<codes.rowCount where !codes.isUndefined(row: row) {
      let activation = codes.activation(of: feature, row: row)
      for position in codes.range(ofRow: row) {
        let other = Int(codes.indices[position])
        totals[other] += 1
        if activation != 0 { together[other] += 1 }
      }
      guard activation != 0 else { continue }
      peaks.append(
        Peak(
          row: row, position: activations?.position(ofRow: row) ?? row,
          activation: Double(activation)))
    }
    let rows = codes.rowCount - codes.undefinedRows.count
    let active = peaks.count
    let maximum = peaks.map { abs($0.activation) }.max()
    let histogram = Histogram.tenths(
      peaks.map { abs($0.activation) }, from: 0, to: maximum ?? 0)
    var companions: [Companion] = []
    for other in 0..<codes.featureCount where other != feature && together[other] >= 2 {
      let share = Double(together[other]) / Double(active)
      let base = Double(totals[other]) / Double(rows)
      companions.append(
        Companion(
          feature: other, rowsTogether: together[other], share: share, lift: share / base))
    }
    companions.sort { ($1.lift * $1.share, $0.feature) < ($0.lift * $0.share, $1.feature) }
    peaks.sort { (abs($1.activation), $0.row) < (abs($0.activation), $1.row) }
    return Firing(
      rowCount: rows, activeCount: active,
      mean: active > 0 ? peaks.reduce(0) { $0 + $1.activation } / Double(active) : nil,
      maximum: peaks.first?.activation, histogram: histogram, peaks: Array(peaks.prefix(count)),
      companions: Array(companions.prefix(count)))
  }
}
