import Tensors
import Testing

/// A caller's mistake ends the process at once: it never reads memory that is not there.
@Suite struct MisuseTests {
  @Test func buffersTrapOutside() async {
    await #expect(processExitsWith: .failure) { _ = FloatBuffer(count: -1) }
    await #expect(processExitsWith: .failure) { _ = FloatBuffer(count: 3)[3] }
    await #expect(processExitsWith: .failure) { FloatBuffer(count: 3)[-1] = 0 }
  }

  @Test func tensorsTrapOutsideTheirStorage() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(.f32, shape: [2], storage: Storage(copying: [Float](repeating: 0, count: 1)))
    }
    await #expect(processExitsWith: .failure) {
      let storage = Storage(copying: [Float](repeating: 0, count: 4))
      _ = Tensor(.f32, shape: [1 << 40, 1 << 40], storage: storage)
    }
    await #expect(processExitsWith: .failure) {
      let storage = Storage(copying: [Float](repeating: 0, count: 4))
      _ = Tensor(.f32, shape: [4], storage: storage, byteOffset: 4)
    }
  }

  @Test func matricesTrapOutside() async {
    await #expect(processExitsWith: .failure) {
      _ = RowMatrix(rowCount: 2, width: 2, values: [1, 2, 3])
    }
    await #expect(processExitsWith: .failure) {
      _ = RowMatrix(rowCount: 1, width: 2, values: [1, 2]).gatheringRows([1])
    }
    await #expect(processExitsWith: .failure) {
      _ = RowMatrix(rowCount: 1, width: 2, values: [1, 2]).gatheringColumns([-1], .best)
    }
  }
}
