import TestSupport
import Tensors
import Testing

@Suite struct QuantisedRowsTests {
  private static let rowCount = 70
  private static let width = 100

  private static func values(seed: UInt64 = 51) -> [Float] {
    var random = SplitMix64(seed: seed)
    return InputKind.heavyTailed.floats(rowCount * width, using: &random)
  }

  private static func matrix(_ values: [Float] = values(), width: Int = width) -> RowMatrix {
    RowMatrix(rowCount: values.count / width, width: width, values: values)
  }

  private static func bytes(_ rows: QuantisedRows) -> [[UInt8]] {
    [rows.codes, rows.scales, rows.residuals, rows.norms].map { array in
      array.storage.withBytes { bytes in
        (0..<array.byteCount).map {
          bytes.unsafeLoad(fromByteOffset: array.byteOffset + $0, as: UInt8.self)
        }
      }
    }
  }

  @Test func bitsAreTheSameForAllWorkersAndKernels() throws {
    let matrix = Self.matrix()
    let expected = Self.bytes(
      try #require(QuantisedRows.make(matrix, .best, workers: Workers())))
    for kernels in Kernels.available {
      for count in 1...3 {
        var told: [Int] = []
        let made = try #require(
          QuantisedRows.make(matrix, kernels, workers: Workers(count: count)) { done, total in
            told.append(done)
            #expect(total == Self.rowCount)
          })
        #expect(Self.bytes(made) == expected, "\(kernels.isa), \(count) workers")
        #expect(told.last == Self.rowCount)
      }
    }
  }

  @Test func shapesAndLossesAreThoseOfTheRows() throws {
    let matrix = Self.matrix()
    let made = try #require(QuantisedRows.make(matrix, .best, workers: Workers(count: 2)))
    #expect(made.rowCount == Self.rowCount && made.width == Self.width)
    #expect(made.paddedWidth == 128 && made.codes.shape == [Self.rowCount, 128])
    #expect(made.byteCount == Self.rowCount * (128 + 12))
    var losses = 0.0
    for row in 0..<Self.rowCount {
      let values = matrix.values(ofRow: row, .best)
      let expected = QuantisedRow(values, .best)
      let codes = Self.bytes(made)[0][(row * 128)..<((row + 1) * 128)]
      #expect(codes.map { Int8(bitPattern: $0) } == expected.codes + Array(repeating: 0, count: 28))
      #expect(made.scales.floats(.best)?[row] == expected.result.scale)
      losses += Double(expected.result.residual / expected.result.norm)
    }
    #expect(made.meanLoss == losses / Double(Self.rowCount))
  }

  /// Half-precision rows have the codes of the rows that they widen to.
  @Test func bfloat16RowsAreWidened() throws {
    let halves = Self.values().map { UInt16($0.bitPattern >> 16) }
    let stored = try #require(
      RowMatrix(
        Tensor(.bf16, shape: [Self.rowCount, Self.width], storage: Storage(copying: halves))))
    let found = try #require(QuantisedRows.make(stored, .best, workers: Workers()))
    let widened = Self.matrix(halves.map(bfloat16Value))
    let expected = try #require(QuantisedRows.make(widened, .best, workers: Workers()))
    #expect(Self.bytes(found) == Self.bytes(expected))
    #expect((0..<Self.rowCount).allSatisfy { found.matches(stored, row: $0, .best) })
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 2e10, .greatestFiniteMagnitude])
  func weightsWithoutBoundsHaveNone(_ weight: Float) {
    for place in [0, Self.width * 33 + 7, Self.rowCount * Self.width - 1] {
      var values = Self.values()
      values[place] = weight
      for count in [1, 2] {
        let workers = Workers(count: count)
        #expect(QuantisedRows.make(Self.matrix(values), .best, workers: workers) == nil)
      }
    }
  }

  @Test func rowsBeyondTheReductionBoundHaveNone() throws {
    let width = QuantisedRows.largestWidth
    func matrix(_ width: Int) -> RowMatrix {
      Self.matrix(Array(repeating: 1, count: width), width: width)
    }
    #expect(QuantisedRows.make(matrix(width), .best, workers: Workers()) != nil)
    #expect(QuantisedRows.make(matrix(width + 1), .best, workers: Workers()) == nil)
  }

  @Test func aChangedWeightIsFound() throws {
    var random = SplitMix64(seed: 52)
    let original = InputKind.uniform.floats(Self.rowCount * Self.width, using: &random)
    let made = try #require(QuantisedRows.make(Self.matrix(original), .best, workers: Workers()))
    for column in [0, 50, Self.width - 1] {
      // A sixteenth of a step: the code may stay, what is lost does not.
      var values = original
      values[3 * Self.width + column] += 0x1p-11
      let changed = Self.matrix(values)
      for kernels in Kernels.available {
        #expect(!made.matches(changed, row: 3, kernels), "column \(column)")
        #expect(made.matches(changed, row: 2, kernels))
      }
    }
    #expect(!made.matches(Self.matrix(Self.values(), width: 50), row: 0, .best))
  }

  /// Any single number of the quantised form that is not what the row gives.
  @Test func aChangedNumberIsFound() throws {
    let matrix = Self.matrix()
    let made = try #require(QuantisedRows.make(matrix, .best, workers: Workers()))
    let row = 5
    // The last is a code of the padding.
    for (array, byte) in [
      (0, row * 128), (0, row * 128 + 99), (1, row * 4), (2, row * 4), (3, row * 4),
      (0, row * 128 + 127),
    ] {
      var bytes = Self.bytes(made)
      bytes[array][byte] ^= 1
      let shape = [Self.rowCount]
      func tensor(_ place: Int, _ type: ElementType, _ shape: [Int]) -> Tensor {
        Tensor(type, shape: shape, storage: Storage(copying: bytes[place]))
      }
      let changed = try QuantisedRows(
        width: Self.width, codes: tensor(0, .i8, shape + [128]), scales: tensor(1, .f32, shape),
        residuals: tensor(2, .f32, shape), norms: tensor(3, .f32, shape))
      #expect(!changed.matches(matrix, row: row, .best), "array \(array), byte \(byte)")
      #expect(changed.matches(matrix, row: row + 1, .best))
    }
  }

  @Test func arraysAreChecked() throws {
    func array(_ values: [Float]) -> Tensor {
      Tensor(.f32, shape: [values.count], storage: Storage(copying: values))
    }
    func codes(_ shape: [Int], _ type: ElementType = .i8) -> Tensor {
      let zeros = [UInt8](repeating: 0, count: shape.reduce(type.byteCount, *))
      return Tensor(type, shape: shape, storage: Storage(copying: zeros))
    }
    func flaw(
      _ codes: Tensor, _ scales: [Float] = [1, 1], _ norms: [Float] = [1, 1]
    ) -> QuantisedRows.Flaw? {
      do throws(QuantisedRows.Flaw) {
        _ = try QuantisedRows(
          width: 65, codes: codes, scales: array(scales), residuals: array([0, 0]),
          norms: array(norms))
        return nil
      } catch {
        return error
      }
    }
    #expect(flaw(codes([2, 128])) == nil)
    #expect(flaw(codes([2, 65])) == .shape("codes", found: [2, 65], expected: [2, 128]))
    #expect(flaw(codes([256])) == .shape("codes", found: [256], expected: [256, 128]))
    #expect(
      flaw(codes([2, 128], .u8)) == .shape("codes", found: [2, 128], expected: [2, 128]))
    #expect(flaw(codes([3, 128])) == .shape("scales", found: [2], expected: [3]))
    #expect(flaw(codes([2, 128]), [1, .nan]) == .value("scales", row: 1))
    #expect(flaw(codes([2, 128]), [-1, 1]) == .value("scales", row: 0))
    #expect(flaw(codes([2, 128]), [1, 1], [1, 2e10]) == .value("norms", row: 1))
    let odd = Tensor(
      .f32, shape: [2], storage: Storage(copying: [UInt8](repeating: 0, count: 16)), byteOffset: 2)
    #expect(throws: QuantisedRows.Flaw.shape("norms", found: [2], expected: [2])) {
      _ = try QuantisedRows(
        width: 65, codes: codes([2, 128]), scales: array([1, 1]), residuals: array([0, 0]),
        norms: odd)
    }
  }
}
