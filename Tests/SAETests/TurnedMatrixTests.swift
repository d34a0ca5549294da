import SAE
import TestSupport
import Tensors
import Testing

/// Rows that are stored as columns behave like rows that are stored as rows, bit for bit.
@Suite struct TurnedMatrixTests {
  private static let rowCount = 300
  private static let width = 21

  private static func pair(
    _ kernels: Kernels, nanAt place: (row: Int, column: Int)? = nil
  ) -> (dense: FeatureRows, turned: FeatureRows) {
    var generator = SplitMix64(seed: 5)
    var values = generator.normals(rowCount * width, scale: 1)
    if let place { values[place.row * width + place.column] = .nan }
    let matrix = RowMatrix(rowCount: rowCount, width: width, values: values)
    return (.dense(matrix), .turned(TurnedMatrix(matrix.transposed(kernels))))
  }

  @Test(arguments: Kernels.available)
  func rowsAreThoseOfTheDenseMatrix(_ kernels: Kernels) {
    let (dense, turned) = Self.pair(kernels)
    #expect(turned.rowCount == Self.rowCount && turned.width == Self.width)
    #expect(turned.byteCount == dense.byteCount && turned.elementType == .f32)
    guard case .turned(let matrix) = turned else { return }
    // Gathered, however many were asked for before, and then from the turned copy.
    for _ in 0..<2 {
      let wasTurned = matrix.isTurned
      for row in 0..<Self.rowCount {
        #expect(turned.values(ofRow: row, kernels) == dense.values(ofRow: row, kernels))
        #expect(turned.norm(ofRow: row, kernels) == dense.norm(ofRow: row, kernels))
      }
      #expect(matrix.isTurned == wasTurned)
      _ = matrix.featureMajor(kernels)
    }
  }

  /// All norms at once are worth turning everything, and have the same bits as one by one.
  @Test(arguments: Kernels.available)
  func normsOfAllRowsTurnOnce(_ kernels: Kernels) {
    let (dense, turned) = Self.pair(kernels)
    guard case .turned(let matrix) = turned else { return }
    #expect(!matrix.isTurned)
    let norms = turned.norms(kernels)
    #expect(matrix.isTurned)
    #expect(norms == dense.norms(kernels))
    #expect(norms == (0..<Self.rowCount).map { dense.norm(ofRow: $0, kernels) })
  }

  @Test(arguments: Kernels.available)
  func listedRowsAreThoseOfTheDenseMatrix(_ kernels: Kernels) {
    for count in [0, 1, 7, 256, 257] {
      let (dense, turned) = Self.pair(kernels)
      let rows = (0..<count).map { $0 * 7 % Self.rowCount }
      for _ in 0..<2 {
        let gathered = turned.gatheringRows(rows, kernels)
        let expected = dense.gatheringRows(rows, kernels)
        #expect(gathered.tensor.floats(kernels) == expected.tensor.floats(kernels))
      }
      guard case .turned(let matrix) = turned else { continue }
      #expect(matrix.isTurned == (count > 256))
    }
  }

  @Test(arguments: Kernels.available)
  func productsAndSumsAreThoseOfTheDenseMatrix(_ kernels: Kernels) {
    let (dense, turned) = Self.pair(kernels)
    var generator = SplitMix64(seed: 6)
    let x = generator.normals(Self.width, scale: 1)
    var y = x
    var expected = x
    for row in [299, 0, 41] {
      #expect(turned.dot(row, x, kernels) == dense.dot(row, x, kernels))
      turned.axpy(row, scale: 0.3, into: &y, kernels)
      dense.axpy(row, scale: 0.3, into: &expected, kernels)
    }
    #expect(y == expected)
    var z = [Float](repeating: 0, count: 100)
    var products = z
    turned.matvec(from: 150, count: 100, x, into: &z, kernels)
    dense.matvec(from: 150, count: 100, x, into: &products, kernels)
    #expect(z == products)
    #expect(turned.denseMatrix(kernels)?.rowCount == Self.rowCount)
  }

  /// Decoding a row finds the decoder turned.
  @Test func makingAReconstructorTurns() throws {
    let made = RandomDictionary(featureCount: 30, width: 9, seed: 4)
    var parts = made.parts(.relu)
    let matrix = try #require(parts.decoder.denseMatrix(.best))
    let turned = TurnedMatrix(matrix.transposed(.best))
    parts.decoder = .turned(turned)
    let dictionary = try SparseDictionary(parts)
    #expect(!turned.isTurned)
    _ = try Reconstructor(dictionary)
    #expect(turned.isTurned)
  }

  @Test func notANumberIsFoundAtItsPlace() {
    let (_, turned) = Self.pair(.best, nanAt: (row: 12, column: 5))
    for rows in [0..<Self.rowCount, 10..<20, 12..<13] {
      let bad = turned.firstNonFinite(in: rows, .best)
      #expect(bad?.row == 12 && bad?.column == 5)
    }
    #expect(turned.firstNonFinite(in: 13..<40, .best) == nil)
  }

  @Test func digestsAndIdentityDoNotDependOnTheOrder() {
    let (dense, turned) = Self.pair(.best)
    var digests = (Digest(), Digest())
    digests.0.update(dense)
    digests.1.update(turned)
    #expect(digests.0.finish() == digests.1.finish())
    #expect(turned.isSame(as: turned))
    #expect(!turned.isSame(as: dense) && !dense.isSame(as: turned))
  }
}
