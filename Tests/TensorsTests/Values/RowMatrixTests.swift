import TestSupport
import Tensors
import Testing

/// Rows and columns of a matrix, moved without changing a bit.
@Suite struct RowMatrixTests {
  private func matrices(_ rows: Int, _ width: Int) -> [RowMatrix] {
    var generator = SplitMix64(seed: UInt64(rows * 1000 + width))
    let values = generator.normals(rows * width)
    let halves = values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
    let tensor = Tensor(.bf16, shape: [rows, width], storage: Storage(copying: halves))
    return [RowMatrix(rowCount: rows, width: width, values: values), RowMatrix(tensor)]
      .compactMap { $0 }
  }

  @Test(arguments: Kernels.available)
  func gatheringColumnsIsTransposingAndGatheringRows(_ kernels: Kernels) {
    for (rows, width) in [(1, 1), (3, 7), (33, 65), (70, 17)] {
      let both = matrices(rows, width)
      #expect(both.count == 2)
      for matrix in both {
        let columns = [width - 1, 0, width / 2, 0]
        let gathered = matrix.gatheringColumns(columns, kernels)
        let expected = matrix.transposed(kernels).gatheringRows(columns)
        #expect(gathered.rowCount == 4 && gathered.width == rows)
        for row in 0..<4 {
          #expect(gathered.values(ofRow: row, kernels) == expected.values(ofRow: row, kernels))
        }
        let back = matrix.transposed(kernels).transposed(kernels)
        for row in 0..<rows {
          #expect(back.values(ofRow: row, kernels) == matrix.values(ofRow: row, kernels))
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func nonFiniteValuesAreFound(_ kernels: Kernels) {
    var values = [Float](repeating: 1, count: 5 * 9)
    values[3 * 9 + 8] = .infinity
    let matrix = RowMatrix(rowCount: 5, width: 9, values: values)
    let found = matrix.firstNonFinite(in: 0..<5, kernels)
    #expect(found?.row == 3 && found?.column == 8)
    #expect(matrix.firstNonFinite(in: 0..<3, kernels) == nil)
    #expect(matrix.firstNonFinite(in: 4..<5, kernels) == nil)
    #expect(matrix.firstNonFinite(in: 2..<2, kernels) == nil)
  }

  @Test func onlyMatricesOfKernelTypesAreTaken() {
    let storage = Storage(copying: [UInt8](repeating: 0, count: 64))
    #expect(RowMatrix(Tensor(.f16, shape: [2, 2], storage: storage)) == nil)
    #expect(RowMatrix(Tensor(.f32, shape: [4], storage: storage)) == nil)
    #expect(RowMatrix(Tensor(.f32, shape: [2, 2, 2], storage: storage)) == nil)
    #expect(RowMatrix(Tensor(.bf16, shape: [4, 2], storage: storage))?.width == 2)
  }
}
