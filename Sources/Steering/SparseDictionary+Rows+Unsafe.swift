import SAE
import Tensors

// Whole arrays in, whole arrays out: for scripts and tests. Loops over many rows keep an encoder and a
// session instead.
extension SparseDictionary {
  /// Encodes `rows`, `[count, modelWidth]` row-major; the codes have the same bits for all `options`.
  ///
  /// Further threads that `options` ask for live as long as the call.
  /// - Throws: `shapeMismatch`; `nonFinite` naming row and column; `invalidArgument` for a number of
  ///   workers outside 1...1024.
  /// - Complexity: O(count · featureCount · modelWidth).
  public func encode(
    _ rows: [Float], options: EncodeOptions = EncodeOptions()
  ) throws(SteeringError) -> SparseCodes {
    let count = try rowCount(of: rows)
    let counts = EncodeOptions.workerCounts
    guard counts.contains(options.workers) else {
      throw SteeringError(
        .invalidArgument,
        "options.workers is \(options.workers), expected \(counts.lowerBound) to"
          + " \(counts.upperBound)")
    }
    let encoder = try makeEncoder(options)
    return try rendering(rows) { base throws(DictionaryError) in
      var codes = SparseCodes(featureCount: featureCount)
      try encoder.encode(base, count: count, stride: modelWidth, into: &codes)
      return codes
    }
  }

  /// The activations of `features` in `rows`, `[count, features.count]` row-major, each with the same
  /// bits as in ``encode(_:)``; NaN where a row's normalisation is undefined.
  ///
  /// - Complexity: O(count · features.count · modelWidth) for an elementwise σ.
  public func activations(
    of features: [Int], in rows: [Float]
  ) throws(SteeringError) -> [Float] {
    let count = try rowCount(of: rows)
    return try rendering(rows) { base throws(DictionaryError) in
      let encoder = try SelectiveEncoder(self, features: features)
      let scratch = SelectiveEncoder.Scratch(for: encoder)
      let values = FloatBuffer(count: features.count)
      var all: [Float] = []
      all.reserveCapacity(count * features.count)
      for row in 0..<count {
        _ = try encoder.read(base + row * modelWidth, into: values.base, row: row, scratch)
        for index in features.indices { all.append(values[index]) }
      }
      return all
    }
  }

  /// The rows that `codes` stand for, `[count, outputWidth]` row-major; `rows` are the encoded ones,
  /// whose normalisation is undone.
  ///
  /// `includingSkip` adds the linear path of a skip transcoder. With a `prefix`, one of ``prefixes``, only
  /// the features below it are decoded.
  public func decode(
    _ codes: SparseCodes, of rows: [Float], includingSkip: Bool = false, prefix: Int? = nil
  ) throws(SteeringError) -> [Float] {
    let count = try rowCount(of: rows)
    guard codes.rowCount == count, codes.featureCount == featureCount else {
      throw SteeringError(
        .shapeMismatch,
        "codes of \(codes.rowCount) rows and \(codes.featureCount) features, expected \(count) rows"
          + " and \(featureCount) features")
    }
    return try rendering(rows) { base throws(DictionaryError) in
      let reconstructor = try Reconstructor(self)
      let out = FloatBuffer(count: outputWidth)
      var all: [Float] = []
      all.reserveCapacity(count * outputWidth)
      for row in 0..<count {
        try reconstructor.decode(
          codes, row: row, of: base + row * modelWidth, includingSkip: includingSkip,
          prefix: prefix, into: out.base)
        for index in 0..<outputWidth { all.append(out[index]) }
      }
      return all
    }
  }

  /// What the dictionary leaves unexplained, x − x̂, `[count, modelWidth]` row-major.
  ///
  /// - Throws: `invalidArgument` for a transcoder, which does not reconstruct its input.
  public func error(of rows: [Float]) throws(SteeringError) -> [Float] {
    guard kind == .autoencoder else {
      throw SteeringError(
        .invalidArgument, "a transcoder has no reconstruction error, expected an autoencoder")
    }
    let estimate = try decode(try encode(rows), of: rows)
    return zip(rows, estimate).map { $0 - $1 }
  }

  func rowCount(of rows: [Float]) throws(SteeringError) -> Int {
    guard rows.count % modelWidth == 0 else {
      throw SteeringError(
        .shapeMismatch, "\(rows.count) values, expected a multiple of the row width \(modelWidth)")
    }
    return rows.count / modelWidth
  }

  /// Runs `body` on the values' address and puts its errors into words.
  private func rendering<R>(
    _ values: [Float], _ body: (UnsafePointer<Float>) throws(DictionaryError) -> R
  ) throws(SteeringError) -> R {
    let result = values.withUnsafeBufferPointer { buffer in
      Result { () throws(DictionaryError) -> R in
        if let base = buffer.baseAddress { return try body(base) }
        let nothing = FloatBuffer(count: 0)
        return try withExtendedLifetime(nothing) { () throws(DictionaryError) in
          try body(nothing.base)
        }
      }
    }
    do throws(DictionaryError) {
      return try result.get()
    } catch {
      throw SteeringError(error, in: self)
    }
  }
}
