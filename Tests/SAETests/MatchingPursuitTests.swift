import SAE
import TestSupport
import Tensors
import Testing

/// Steps and stops of matching pursuit, on rows whose steps are exact.
@Suite struct MatchingPursuitTests {
  private func codes(
    _ rows: [[Float]], _ x: [Float], threshold: Float = 0, iterations: Int = 10,
    stopsOnRepeat: Bool = true
  ) throws -> [Float] {
    let flat = rows.flatMap { $0 }
    let oracle = OracleDictionary(
      featureCount: rows.count, width: x.count, encoder: flat, decoder: flat,
      encoderBias: rows.map { _ in 0 }, decoderBias: x.map { _ in 0 },
      activation: .matchingPursuit(
        residualThreshold: threshold, maximumIterations: iterations,
        stopsOnRepeat: stopsOnRepeat))
    let dictionary = try oracle.dictionary()
    let values = try dictionary.codes(of: x, count: 1).dense(row: 0)
    let reading = try dictionary.reading(of: Array(rows.indices), in: x)
    #expect(reading.values == values)
    return values
  }

  @Test func takesTheLargestProductFirst() throws {
    let axes: [[Float]] = [[1, 0], [0, 1], [-1, 0]]
    #expect(try codes(axes, [2, 3]) == [2, 3, 0])
    #expect(try codes(axes, [2, 3], iterations: 1) == [0, 3, 0])
    // Only the axis that points backwards meets a negative row: never a negative activation.
    #expect(try codes(axes, [-2, -3]) == [0, 0, 2])
    #expect(try codes(axes, [0, -3]) == [0, 0, 0])
    #expect(try codes(axes, [0, 0]) == [0, 0, 0])
  }

  @Test func lowerIndexWinsTies() throws {
    #expect(try codes([[1, 0], [0, 1], [0, 1], [1, 0]], [1, 1]) == [1, 1, 0, 0])
    #expect(try codes([[1, 0], [1, 0]], [4, 0], iterations: 1) == [4, 0])
  }

  @Test func thresholdIsStrictAndLooksAfterAStep() throws {
    let axes: [[Float]] = [[1, 0], [0, 1]]
    // After the first step the rest has norm 2.
    #expect(try codes(axes, [3, 2], threshold: 2) == [3, 2])
    #expect(try codes(axes, [3, 2], threshold: Float(2).nextUp) == [3, 0])
    // A row below the threshold still gets one step.
    #expect(try codes(axes, [0.5, 0.25], threshold: 9) == [0.5, 0])
  }

  @Test func repeatsStopOrGoOn() throws {
    // A row of norm 1/√2 takes half of what is left each time.
    let short: [[Float]] = [[0.5, 0.5]]
    #expect(try codes(short, [1, 1]) == [1.5])
    #expect(try codes(short, [1, 1], iterations: 3, stopsOnRepeat: false) == [1.75])
    #expect(try codes(short, [1, 1], iterations: 1) == [1])
  }

  /// Every feature once, and one step more: the bound of a pursuit that repeats stop cuts nothing.
  @Test func theRepeatAfterEveryFeatureCounts() throws {
    let half: [[Float]] = [[0.5, 0], [0, 0.5]]
    // Products 2 and 1.75, then 1.5 of the first again.
    #expect(try codes(half, [4, 3.5], iterations: Int(Int32.max)) == [3.5, 1.75])
  }

  @Test func divergenceIsRefused() {
    let reason = dictionaryFailure { () throws(DictionaryError) in
      let oracle = OracleDictionary(
        featureCount: 2, width: 1, encoder: [1e15, -1e15], decoder: [1e15, -1e15],
        encoderBias: [0, 0], decoderBias: [0],
        activation: .matchingPursuit(
          residualThreshold: 0, maximumIterations: 50, stopsOnRepeat: false))
      _ = try oracle.dictionary().codes(of: [1], count: 1)
    }
    #expect(reason == .nonFiniteResult(row: 0))
  }
}
