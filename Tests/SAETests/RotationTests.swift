import SAE
import TestSupport
import Tensors
import Testing

/// Rotated bases, against naive f64 loops.
@Suite struct RotationTests {
  /// A random orthogonal matrix `[width, width]`, by Gram and Schmidt on the columns in f64.
  private func orthogonal(_ width: Int, seed: UInt64) -> [Float] {
    var generator = SplitMix64(seed: seed)
    var columns: [[Double]] = []
    for _ in 0..<width {
      var column = generator.normals(width).map(Double.init)
      for _ in 0..<2 {
        for other in columns {
          let product = zip(column, other).reduce(0) { $0 + $1.0 * $1.1 }
          for index in 0..<width { column[index] -= product * other[index] }
        }
      }
      let norm = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
      columns.append(column.map { $0 / norm })
    }
    return (0..<width).flatMap { row in columns.map { Float($0[row]) } }
  }

  private func matrix(_ values: [Float], _ width: Int) -> RowMatrix {
    RowMatrix(rowCount: width, width: width, values: values)
  }

  /// x Q in f64.
  private func rotate(_ x: [Float], _ q: [Float], center: [Float]?) -> [Double] {
    let width = x.count
    return (0..<width).map { axis in
      (0..<width).reduce(0.0) {
        $0
          + (Double(x[$1]) - Double(center?[$1] ?? 0))
          * Double(q[$1 * width + axis])
      }
    }
  }

  @Test(arguments: Kernels.available, [false, true])
  func codesAndReconstructionsMatch(_ kernels: Kernels, _ isCentered: Bool) throws {
    for width in [1, 2, 7, 40] {
      let q = orthogonal(width, seed: UInt64(width))
      var generator = SplitMix64(seed: 70)
      let x = generator.normals(width)
      let center = isCentered ? generator.normals(width) : nil
      let z = rotate(x, q, center: center)
      for k in Set([1, max(1, width / 3), width]) {
        let dictionary = try SparseDictionary(
          .rotated(
            name: "q", rotation: matrix(q, width), sparsification: .absTopK(k: k), center: center,
            kernels: kernels), kernels: kernels)
        let order = z.indices.sorted { abs(z[$0]) > abs(z[$1]) }
        let kept = Set(order.prefix(k))
        let codes = try dictionary.codes(of: x, count: 1)
        let dense = codes.dense(row: 0)
        for axis in 0..<width {
          let expected = kept.contains(axis) ? z[axis] : 0
          #expect(abs(Double(dense[axis]) - expected) <= 1e-5)
        }
        let decoded = try dictionary.reconstructions(codes, row: 0, of: x).decoded
        for column in 0..<width {
          var expected = Double(center?[column] ?? 0)
          for axis in kept { expected += z[axis] * Double(q[column * width + axis]) }
          #expect(abs(Double(decoded[column]) - expected) <= 1e-5)
          // All coordinates kept: the row itself comes back.
          if k == width { #expect(abs(decoded[column] - x[column]) <= 1e-5) }
        }
      }
    }
  }

  /// Thresholds are strict, on both sides of zero; the sign is kept.
  @Test func magnitudeThresholdsActOnBothSides() throws {
    let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    let dictionary = try SparseDictionary(
      .rotated(
        name: "q", rotation: matrix(identity, 3), sparsification: .magnitudeThreshold(0.5)))
    #expect(dictionary.featureCount == 3)
    let x: [Float] = [0.5, -0.75, Float(0.5).nextUp]
    let codes = try dictionary.codes(of: x, count: 1)
    #expect(codes.indices == [1, 2])
    #expect(codes.values == [-0.75, Float(0.5).nextUp])
    #expect(
      try dictionary.reconstructions(codes, row: 0, of: x).decoded == [0, -0.75, Float(0.5).nextUp])
    #expect(try dictionary.reading(of: [0, 1, 2], in: x).values == codes.dense(row: 0))
    #expect(try dictionary.codes(of: [-0.5, 0, 0.25], count: 1).indices.isEmpty)
  }

  @Test(arguments: Kernels.available, [false, true])
  func thresholdedCodesMatch(_ kernels: Kernels, _ isCentered: Bool) throws {
    var active = 0
    for width in [1, 9, 40] {
      let q = orthogonal(width, seed: 5)
      var generator = SplitMix64(seed: 6)
      let row = generator.normals(width)
      let center = isCentered ? generator.normals(width) : nil
      let z = rotate(row, q, center: center)
      let turned = try SparseDictionary(
        .rotated(
          name: "q", rotation: matrix(q, width), sparsification: .magnitudeThreshold(0.4),
          center: center, kernels: kernels), kernels: kernels)
      let codes = try turned.codes(of: row, count: 1)
      let dense = codes.dense(row: 0)
      let decoded = try turned.reconstructions(codes, row: 0, of: row).decoded
      for axis in 0..<width {
        let expected = abs(z[axis]) > 0.4 ? z[axis] : 0
        #expect(abs(Double(dense[axis]) - expected) <= 1e-5)
        active += dense[axis] < 0 ? 1 : 0
        var sum = Double(center?[axis] ?? 0)
        for other in 0..<width where abs(z[other]) > 0.4 {
          sum += z[other] * Double(q[axis * width + other])
        }
        #expect(abs(Double(decoded[axis]) - sum) <= 1e-5)
      }
    }
    #expect(active > 5, "negative coordinates must be kept")
  }

  @Test func tiesGoToTheLowerAxis() throws {
    let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    let dictionary = try SparseDictionary(
      .rotated(name: "q", rotation: matrix(identity, 3), sparsification: .absTopK(k: 2)))
    let codes = try dictionary.codes(of: [-2, 2, -2], count: 1)
    #expect(codes.indices == [0, 1])
    #expect(codes.values == [-2, 2])
  }

  @Test func batchEqualsSingleRows() throws {
    let q = orthogonal(20, seed: 2)
    let dictionary = try SparseDictionary(
      .rotated(name: "q", rotation: matrix(q, 20), sparsification: .absTopK(k: 6)))
    var generator = SplitMix64(seed: 3)
    let rows = generator.normals(20 * 18)
    let codes = try dictionary.codes(of: rows, count: 18)
    for row in 0..<18 {
      let x = Array(rows[(row * 20)..<(row * 20 + 20)])
      #expect(
        codes.dense(row: row).map(\.bitPattern)
          == (try dictionary.codes(of: x, count: 1)).dense(row: 0).map(\.bitPattern))
      #expect(
        try dictionary.reading(of: [19, 0, 7], in: x).values
          == [19, 0, 7].map { codes.activation(of: $0, row: row) })
    }
  }

  @Test func deviationIsMeasuredAndRefused() throws {
    // Columns (1, 0) and (0.25, 1): products 0.25 off the diagonal, 0.0625 on it.
    let skewed = matrix([1, 0.25, 0, 1], 2)
    func failure(_ bound: Double, accepts: Bool = false) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        _ = try SparseDictionary.Parts.rotated(
          name: "q", rotation: skewed, sparsification: .absTopK(k: 1), maximumDeviation: bound,
          acceptsAnyDeviation: accepts)
      }
    }
    #expect(
      failure(0.2)
        == .field(name: "rotation", found: "max |QᵀQ − I| = 0.25", expected: "at most 0.2"))
    #expect(failure(0.25) == nil)
    #expect(failure(0, accepts: true) == nil)
    let parts = try SparseDictionary.Parts.rotated(
      name: "q", rotation: skewed, sparsification: .absTopK(k: 1), acceptsAnyDeviation: true)
    #expect(
      parts.ledger.contains(
        LedgerEntry("rotation", "max |QᵀQ − I| is 0.25", source: .measured)))
    // The default refuses it, and takes rotations that were rounded to bf16.
    #expect(failure(SparseDictionary.Parts.rotationBound) != nil)
    for width in [2, 3, 16, 96] {
      let halves = orthogonal(width, seed: 8).map { value in
        UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x8000) >> 16)
      }
      let stored = try #require(
        RowMatrix(Tensor(.bf16, shape: [width, width], storage: Storage(copying: halves))))
      _ = try SparseDictionary.Parts.rotated(
        name: "q", rotation: stored, sparsification: .absTopK(k: 1))
    }
    // Columns of norm 2, and ones whose products overflow.
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try SparseDictionary.Parts.rotated(
          name: "q", rotation: matrix([2, 0, 0, 2], 2), sparsification: .absTopK(k: 1))
      } == .field(name: "rotation", found: "max |QᵀQ − I| = 3.0", expected: "at most 0.004"))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try SparseDictionary.Parts.rotated(
          name: "q", rotation: matrix([1e38, -1e38, 1e38, 1e38], 2),
          sparsification: .absTopK(k: 1))
      } == .field(name: "rotation", found: "max |QᵀQ − I| = inf", expected: "at most 0.004"))
  }

  @Test func misuseIsNamed() throws {
    func failure(
      _ rotation: RowMatrix, _ sparsification: RotationSparsification, center: [Float]? = nil
    ) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        _ = try SparseDictionary(
          .rotated(
            name: "q", rotation: rotation, sparsification: sparsification, center: center))
      }
    }
    let identity = matrix([1, 0, 0, 1], 2)
    #expect(
      failure(RowMatrix(rowCount: 2, width: 3, values: [1, 0, 0, 0, 1, 0]), .absTopK(k: 1))
        == .shape(tensor: "rotation", found: [2, 3], expected: [2, 2]))
    #expect(
      failure(matrix([1, 0, .nan, 1], 2), .absTopK(k: 1))
        == .nonFiniteWeight(tensor: "rotation", row: 1, column: 0))
    #expect(
      failure(identity, .absTopK(k: 3))
        == .field(name: "k", found: "3", expected: "1 to 2, the feature count"))
    for threshold in [-1, Float.nan, .infinity] {
      #expect(
        failure(identity, .magnitudeThreshold(threshold))
          == .field(
            name: "threshold", found: "\(threshold)", expected: "a finite number, 0 or more"))
    }
    #expect(
      failure(identity, .absTopK(k: 1), center: [1])
        == .shape(tensor: "decoder bias", found: [1], expected: [2]))
  }
}
