import SAE
import TestSupport
import Tensors
import Testing

/// Encoding with bounds gives the features and the bits of encoding without.
@Suite struct PruningTests {
  static let featureCount = 700
  static let width = 48

  /// Weights and rows that bounds find easy, hard, or nearly impossible.
  enum Data: String, CaseIterable, Sendable {
    /// Rows are noise.
    case noise
    /// Rows are sums of a few encoder rows.
    case sparse
    /// The same with three components that dwarf the others.
    case massive
    /// A few weights per row dwarf the others, and some rows are tiny.
    case heavy
    /// Many encoder rows are equal.
    case ties

    func dictionary() -> RandomDictionary {
      var made = RandomDictionary(
        featureCount: PruningTests.featureCount, width: PruningTests.width, seed: 5)
      var generator = SplitMix64(seed: 6)
      for feature in 0..<made.featureCount {
        let row = (feature * made.width)..<((feature + 1) * made.width)
        switch self {
        case .noise, .sparse, .massive: break
        case .heavy:
          for index in row { made.encoder[index] *= exponential(generator.normal()) }
          if feature % 50 == 0 { for index in row { made.encoder[index] *= 1e-25 } }
          if feature % 77 == 0 { for index in row { made.encoder[index] = 0 } }
        case .ties:
          let source = feature % 40 * made.width
          for offset in 0..<made.width {
            made.encoder[row.lowerBound + offset] = made.encoder[source + offset]
          }
          made.encoderBias[feature] = made.encoderBias[feature % 40]
        }
      }
      return made
    }

    func rows(_ count: Int, of dictionary: RandomDictionary) -> [Float] {
      var generator = SplitMix64(seed: 7)
      let width = dictionary.width
      var rows: [Float] = []
      for _ in 0..<count {
        var row = generator.normals(width, scale: self == .noise ? 1 : 0.05)
        if self != .noise {
          for _ in 0..<6 {
            let feature = Int.random(in: 0..<dictionary.featureCount, using: &generator)
            let strength = 1 + abs(generator.normal())
            for offset in 0..<width {
              row[offset] += strength * dictionary.encoder[feature * width + offset]
            }
          }
        }
        if self == .massive { for place in [3, 17, 40] { row[place] += 60 } }
        rows += row
      }
      return rows
    }

    private func exponential(_ x: Float) -> Float {
      var power: Float = 1
      var term: Float = 1
      for step in 1..<20 {
        term *= 2 * x / Float(step)
        power += term
      }
      return power
    }
  }

  static let functions: [ActivationFunction] = [
    .topK(k: 9), .signedTopK(k: 9), .absTopK(k: 9), .topK(k: 1), .topK(k: 87),
    .batchTopK(threshold: 0.8), .relu,
  ]

  private func same(_ a: SparseCodes, _ b: SparseCodes) -> Bool {
    a.indices == b.indices && a.rowOffsets == b.rowOffsets
      && a.undefinedRows == b.undefinedRows
      && a.values.map(\.bitPattern) == b.values.map(\.bitPattern)
  }

  private func encode(
    _ dictionary: SparseDictionary, _ rows: [Float], _ options: EncodeOptions = EncodeOptions()
  ) throws -> (codes: SparseCodes, counts: EncodeCounts) {
    let encoder = try FullEncoder(dictionary, options: options)
    var codes = SparseCodes(featureCount: dictionary.featureCount)
    try encoder.encode(
      rows, count: rows.count / dictionary.modelWidth, stride: dictionary.modelWidth, into: &codes)
    return (codes, encoder.counts)
  }

  @Test(arguments: Kernels.available, Data.allCases)
  func equalsPlainEncoding(_ kernels: Kernels, _ data: Data) throws {
    let made = data.dictionary()
    let rows = data.rows(40, of: made)
    let jump = ActivationFunction.jumpReLU(threshold: made.threshold.map { $0 + 0.7 })
    for (index, function) in (Self.functions + [jump]).enumerated() {
      for role in [DecoderNormRole.none, .rescalesActivations, .ranksOnly] {
        if role != .none, function.k == nil { continue }
        var parts = made.parts(
          function, layout: index % 2 == 0 ? .featureMajor : .modelMajor, kernels: kernels)
        parts.decoderNormRole = role
        parts.subtractsDecoderBias = index % 3 == 0
        let dictionary = try SparseDictionary(parts, kernels: kernels)
        let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
        #expect(plain.counts.prunedRows == 0)
        let pruned = try encode(dictionary, rows)
        #expect(same(pruned.codes, plain.codes), "\(function) \(role)")
        #expect(pruned.counts.rows == 40)
        // Where rows are made of features, the few best of them are found by bounds in every role.
        if data == .sparse, function.k == 9 {
          #expect(pruned.counts.prunedRows == 40, "\(function) \(role)")
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func mostFeaturesAreRuledOut(_ kernels: Kernels) throws {
    for data in [Data.sparse, .massive] {
      let made = data.dictionary()
      let rows = data.rows(64, of: made)
      // Components that all rows share make half of all features exceed a threshold.
      let jump = ActivationFunction.jumpReLU(threshold: made.threshold.map { $0 + 1 })
      for function in [.topK(k: 6), .absTopK(k: 6), data == .sparse ? jump : .topK(k: 12)] {
        let dictionary = try SparseDictionary(
          made.parts(function, kernels: kernels), kernels: kernels)
        let counts = try encode(dictionary, rows).counts
        #expect(counts.prunedRows == 64, "\(data) \(function)")
        let share = Double(counts.rescoredFeatures) / Double(64 * Self.featureCount)
        #expect(share < 0.2, "\(data) \(function): \(share)")
      }
    }
  }

  @Test func instructionSetsRuleOutTheSameFeatures() throws {
    let made = Data.sparse.dictionary()
    let rows = Data.sparse.rows(20, of: made)
    let counts = try Kernels.available.dropFirst().map { kernels in
      try encode(
        SparseDictionary(
          made.parts(.batchTopK(threshold: 0.9), kernels: kernels), kernels: kernels),
        rows
      ).counts
    }
    // Bounds allow for the roundings of each instruction set, which differ a little.
    let (least, most) = (counts.map(\.rescoredFeatures).min(), counts.map(\.rescoredFeatures).max())
    #expect((most ?? 0) - (least ?? 0) <= 5)
  }

  @Test func batchesAndWorkersDoNotMatter() throws {
    let made = Data.sparse.dictionary()
    let rows = Data.sparse.rows(150, of: made)
    for function in [
      ActivationFunction.topK(k: 12), .jumpReLU(threshold: made.threshold.map { $0 + 0.8 }),
    ] {
      let dictionary = try SparseDictionary(made.parts(function))
      let expected = try encode(dictionary, rows, EncodeOptions(accelerates: false)).codes
      // More workers than blocks of features leave some without work.
      for workers in [1, 2, 3, 4, 5, 12, 40] {
        var options = EncodeOptions(workers: workers)
        // Every step is shared, however little there is to do.
        options.smallestShared = 0
        #expect(same(try encode(dictionary, rows, options).codes, expected))
        let encoder = try FullEncoder(dictionary, options: options)
        var codes = SparseCodes(featureCount: dictionary.featureCount)
        var first = 0
        for size in [1, 2, 3, 7, 1, 30, 106] {
          try rows.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            try encoder.encode(
              base + first * Self.width, count: size, stride: Self.width, into: &codes)
          }
          first += size
        }
        #expect(first == 150)
        #expect(same(codes, expected), "\(workers) workers")
        var plain = options
        plain.accelerates = false
        #expect(same(try encode(dictionary, rows, plain).codes, expected))
      }
    }
  }

  @Test func aThresholdThatIsMetExactlyIsNotExceeded() throws {
    let made = Data.sparse.dictionary()
    let rows = Data.sparse.rows(30, of: made)
    let open = try SparseDictionary(made.parts(.batchTopK(threshold: 0.5)))
    let values = try encode(open, rows, EncodeOptions(accelerates: false)).codes.values.sorted()
    let threshold = try #require(values.dropFirst(values.count / 2).first)
    for (place, expected) in [(threshold, 1), (threshold.nextDown, 0)].enumerated() {
      let dictionary = try SparseDictionary(made.parts(.batchTopK(threshold: expected.0)))
      let pruned = try encode(dictionary, rows)
      #expect(pruned.counts.prunedRows > 0)
      #expect(pruned.codes.values.contains(threshold) == (place == 1))
      let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
      #expect(same(pruned.codes, plain.codes))
    }
  }

  @Test func rowsOutOfRangeAreEncodedPlainly() throws {
    let made = Data.sparse.dictionary()
    var rows = Data.sparse.rows(6, of: made)
    for offset in 0..<Self.width {
      rows[offset] = 0
      rows[Self.width + offset] *= 1e-20
      rows[2 * Self.width + offset] *= 1e15
      rows[3 * Self.width + offset] = offset == 5 ? 1e-42 : 0
    }
    for function in [ActivationFunction.topK(k: 5), .batchTopK(threshold: 0.9)] {
      let dictionary = try SparseDictionary(made.parts(function))
      let pruned = try encode(dictionary, rows)
      #expect(pruned.counts.rows == 6)
      #expect(pruned.counts.prunedRows == 2)
      let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
      #expect(same(pruned.codes, plain.codes))
    }
  }

  @Test func pruningRestsWhereItDoesNotPay() throws {
    let made = Data.noise.dictionary()
    let rows = Data.noise.rows(300, of: made)
    let dictionary = try SparseDictionary(made.parts(.relu))
    let pruned = try encode(dictionary, rows)
    #expect(pruned.counts.prunedRows == 0)
    #expect(pruned.counts.rows == 300)
    let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
    #expect(same(pruned.codes, plain.codes))
  }

  @Test func undefinedRowsStandBesideOthers() throws {
    let made = Data.sparse.dictionary()
    var rows = Data.sparse.rows(4, of: made)
    for offset in 0..<Self.width { rows[2 * Self.width + offset] = 0 }
    var parts = made.parts(.topK(k: 5))
    parts.normalisation = .rootWidthOverNorm
    let dictionary = try SparseDictionary(parts)
    let pruned = try encode(dictionary, rows)
    #expect(pruned.codes.undefinedRows == [2])
    #expect(pruned.counts.prunedRows == 3)
    let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
    #expect(same(pruned.codes, plain.codes))
  }

  @Test func negativeValuesCompeteWhereSigmaKeepsThem() throws {
    var made = Data.sparse.dictionary()
    for feature in 0..<Self.featureCount { made.encoderBias[feature] -= 3 }
    let rows = Data.sparse.rows(20, of: made)
    for function in [ActivationFunction.signedTopK(k: 20), .topK(k: 20), .absTopK(k: 20)] {
      let dictionary = try SparseDictionary(made.parts(function))
      let pruned = try encode(dictionary, rows)
      let plain = try encode(dictionary, rows, EncodeOptions(accelerates: false))
      #expect(same(pruned.codes, plain.codes), "\(function)")
      #expect(pruned.counts.prunedRows > 0, "\(function)")
      if function == .signedTopK(k: 20) { #expect(pruned.codes.values.contains { $0 < 0 }) }
      if function == .topK(k: 20) { #expect(pruned.codes.values.count < 20 * 20) }
    }
  }

  @Test func oneDamagedRowOfAnAcceleratorIsNoticed() throws {
    let made = Data.sparse.dictionary()
    let matrix = RowMatrix(
      rowCount: Self.featureCount, width: Self.width, values: made.encoder)
    var damaged = made.encoder
    for offset in 0..<Self.width { damaged[9 * Self.width + offset] *= 1e-3 }
    let wrong = try #require(
      QuantisedRows.make(
        RowMatrix(rowCount: Self.featureCount, width: Self.width, values: damaged), .best,
        workers: Workers()))
    for workers in [1, 3] {
      #expect(wrong.firstDifference(from: matrix, .best, workers: Workers(count: workers)) == 9)
    }
    var parts = made.parts(.topK(k: 5))
    parts.encoder = EncoderMatrix(matrix, layout: .featureMajor, accelerator: wrong)
    let dictionary = try SparseDictionary(parts)
    #expect(throws: DictionaryError.self) { try FullEncoder(dictionary) }
    _ = try FullEncoder(dictionary, options: EncodeOptions(accelerates: false))
  }

  @Test func anAcceleratorOfOtherWeightsIsNoticed() throws {
    let made = Data.sparse.dictionary()
    var other = made
    for index in other.encoder.indices { other.encoder[index] *= 0.5 }
    func matrix(_ values: [Float]) -> RowMatrix {
      RowMatrix(rowCount: Self.featureCount, width: Self.width, values: values)
    }
    let wrong = try #require(
      QuantisedRows.make(matrix(other.encoder), .best, workers: Workers()))
    var parts = made.parts(.topK(k: 5))
    parts.encoder = EncoderMatrix(
      matrix(made.encoder), layout: .featureMajor, accelerator: wrong)
    let dictionary = try SparseDictionary(parts)
    #expect(throws: DictionaryError.self) {
      try encode(dictionary, Data.sparse.rows(3, of: made))
    }
    // Without bounds nothing depends on it.
    let codes = try encode(
      dictionary, Data.sparse.rows(3, of: made), EncodeOptions(accelerates: false)
    ).codes
    #expect(codes.rowCount == 3)
  }
}
