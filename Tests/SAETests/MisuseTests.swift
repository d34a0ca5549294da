import SAE
import TestSupport
import Testing

/// A caller's mistake ends the process at once.
@Suite struct MisuseTests {
  @Test func strideShorterThanARowTraps() async {
    await #expect(processExitsWith: .failure) {
      let oracle = Sigma.relu.oracle(featureCount: 4, width: 3, seed: 1)
      _ = try oracle.dictionary().codes(of: [1, 2, 3], count: 1, stride: 2)
    }
  }

  @Test func segmentsOfDifferentWidthsTrap() async {
    await #expect(processExitsWith: .failure) {
      try SegmentMean(width: 3).assign(try SegmentMean(width: 2))
    }
  }

  @Test func decomposabilityWithoutAVarianceTraps() async {
    await #expect(processExitsWith: .failure) {
      let oracle = Sigma.relu.oracle(featureCount: 4, width: 3, seed: 1)
      let composed = try ComposedDictionary(
        base: oracle.dictionary(), meta: oracle.dictionary(), rowScaling: .asStored,
        weighting: .codes)
      _ = try CompositionReader(composed).composition(of: 0)?.decomposability(variance: 0)
    }
  }

  @Test func codesOfAnotherDictionaryTrap() async {
    await #expect(processExitsWith: .failure) {
      let oracle = Sigma.relu.oracle(featureCount: 4, width: 3, seed: 1)
      var codes = SparseCodes(featureCount: 5)
      try FullEncoder(try oracle.dictionary()).encode(
        [1, 2, 3], count: 1, stride: 3, into: &codes)
    }
  }
}
