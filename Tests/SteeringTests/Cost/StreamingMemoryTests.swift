import Foundation
import Steering
import Testing
import TestSupport

/// Steering a file must not need memory in proportion to it.
@Suite(.serialized) struct StreamingMemoryTests {
  /// In a process of its own: other tests' memory must not count.
  @Test func memoryStaysFlat() async {
    await #expect(processExitsWith: .success) { try StreamingMemoryTests.measure() }
  }

  static func measure() throws {
    let width = 37
    let byteCount = 300_000_000 / (width * 4) * (width * 4)
    let rows = byteCount / (width * 4)
    let folder = try TemporaryFolder()
    var generator = SplitMix64(seed: 4)
    let block = (0..<4096).flatMap { _ in
      Recording.bytes(generator.normals(width, scale: 2), .f32)
    }
    try writeRepeating(folder.file("in.bin"), head: [], block: block, byteCount: byteCount)
    let plan = try Plan(
      PlanDocument([Intervention(feature: 4, alpha: 3)], scope: Scope(ranges: [0..<100_000])),
      dictionary: try Sample.all[0].dictionary())
    let activations = try Activations(folder.file("in.bin"), shape: [rows, width])
    try #require(ProcessCost.resetPeak())
    let before = try ProcessCost.status("VmHWM")
    let report = try ActivationSteering.run(plan, on: activations, to: folder.file("out.bin"))
    let grown = try ProcessCost.status("VmHWM") - before
    #expect(report.rowCount == rows)
    #expect(report.rowsEdited == 100_000)
    #expect(grown < 64 << 20, "grew by \(grown >> 20) MB for \(byteCount >> 20) MB")
  }
}
