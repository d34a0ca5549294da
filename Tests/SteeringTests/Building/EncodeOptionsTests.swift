import SAE
import Steering
import TestSupport
import Testing

/// Codes of whole arrays, whatever a client asks of the work.
@Suite struct EncodeOptionsTests {
  private let random = RandomDictionary(featureCount: 700, width: 48, seed: 31)

  private func rows(_ count: Int) -> [Float] {
    var generator = SplitMix64(seed: 8)
    return generator.normals(count * random.width)
  }

  @Test(arguments: [ActivationFunction.topK(k: 9), .relu, .absTopK(k: 20)])
  func codesAreTheSameForAll(_ activation: ActivationFunction) throws {
    let dictionary = try SparseDictionary(random.parts(activation))
    let rows = rows(33)
    let expected = try dictionary.encode(rows, options: EncodeOptions(accelerates: false))
    #expect(expected.rowCount == 33 && expected.indices.count >= 33 * 9)
    #expect(try dictionary.encode(rows) == expected)
    for workers in 1...3 {
      for accelerates in [false, true] {
        let options = EncodeOptions(workers: workers, accelerates: accelerates)
        let codes = try dictionary.encode(rows, options: options)
        #expect(codes == expected, "\(options)")
        #expect(bits(codes.values) == bits(expected.values), "\(options)")
      }
    }
  }

  @Test(arguments: [Int.min, -1, 0, 1025, Int.max])
  func numbersOfWorkersAreChecked(_ workers: Int) throws {
    let dictionary = try SparseDictionary(random.parts(.relu))
    let error = steeringError {
      _ = try dictionary.encode(rows(2), options: EncodeOptions(workers: workers))
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "options.workers is \(workers), expected 1 to 1024")
  }
}
