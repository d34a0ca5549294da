import SAE
import TestSupport
import Tensors
import Testing

/// One dictionary, many threads: the first full encode prepares what all of them then share.
@Suite struct SharedDictionaryTests {
  @Test(arguments: [EncoderMatrix.Layout.featureMajor, .modelMajor])
  func threadsShareOneDictionary(_ layout: EncoderMatrix.Layout) async throws {
    let oracle = Sigma.topK.oracle(featureCount: 97, width: 33, k: 9, seed: 11)
    let dictionary = try oracle.dictionary(layout: layout)
    var generator = SplitMix64(seed: 12)
    let rows = generator.normals(20 * 33)
    let alone = try oracle.dictionary(layout: layout)
    let expected = try alone.codes(of: rows, count: 20)
    let decoded = try alone.reconstructions(expected, row: 3, of: Array(rows[99..<132])).decoded
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let codes = try dictionary.codes(of: rows, count: 20)
          let x = Array(rows[99..<132])
          let (values, _) = try dictionary.reading(of: [0, 50, 96], in: x)
          let (again, _) = try dictionary.reconstructions(codes, row: 3, of: x)
          return codes == expected && again == decoded
            && values == [0, 50, 96].map { expected.activation(of: $0, row: 3) }
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }
}
