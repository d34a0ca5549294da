import Tensors
import Testing

@Suite struct NonfiniteTests {
  @Test(arguments: Kernels.available)
  func findsEveryPosition(_ kernels: Kernels) {
    for count in Array(0...67) + [131, 260, 300] {
      let largest = -Float.greatestFiniteMagnitude
      let floats = Block.input([Float](repeating: largest, count: count), offset: 1)
      let bfloats = Block.input([UInt16](repeating: 0xFF7F, count: count), offset: 1)
      let halves = Block.input([UInt16](repeating: 0xFBFF, count: count), offset: 1)
      #expect(kernels.firstNonfinite(floats.start, count: count) == count)
      #expect(kernels.firstNonfinite(bfloat16: bfloats.start, count: count) == count)
      #expect(kernels.firstNonfinite(float16: halves.start, count: count) == count)
      // From the back, so that later positions are hits as well and the first one must win.
      for position in stride(from: count - 1, through: 0, by: -1) {
        floats.start[position] = [.nan, .infinity, -.infinity, .signalingNaN][position % 4]
        bfloats.start[position] = [0x7FC0, 0x7F80, 0xFF80, 0xFF81][position % 4]
        halves.start[position] = [0x7E00, 0x7C00, 0xFC00, 0xFC01][position % 4]
        #expect(kernels.firstNonfinite(floats.start, count: count) == position)
        #expect(kernels.firstNonfinite(bfloat16: bfloats.start, count: count) == position)
        #expect(kernels.firstNonfinite(float16: halves.start, count: count) == position)
        #expect(kernels.firstNonfinite(floats.start, count: position) == position)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func classifiesAllHalfPatterns(_ kernels: Kernels) {
    for bits in UInt16.min...UInt16.max {
      let isFinite = Float16(bitPattern: bits).isFinite
      #expect((kernels.firstNonfinite(float16: [bits], count: 1) == 1) == isFinite)
      let isFiniteBfloat = bfloat16Value(bits).isFinite
      #expect((kernels.firstNonfinite(bfloat16: [bits], count: 1) == 1) == isFiniteBfloat)
    }
  }
}
