import Formats
import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// The pieces of a verification, each against its definition.
@Suite struct VerificationPartsTests {
  static let names: [(String, ClosedRange<Double>?)] = [
    ("average_l0_71", 71...71), ("layer_12_average_l0_5.5", 5.5...5.5), ("L0_50", 50...50),
    ("layer_5_width_16k_l0_small", 10...20), ("l0_medium", 30...60),
    ("width_65k_l0_big", 90...150), ("average_l0_", nil), ("average_l0_x", nil),
    ("average_l0_-3", nil), ("average_l0_0", nil), ("average_l0_inf", nil), ("width_16k", nil),
    ("canonical", nil), ("", nil),
  ]

  @Test(arguments: names)
  func l0IsReadFromFolders(_ example: (String, ClosedRange<Double>?)) {
    #expect(ExpectedFit.l0(inName: example.0) == example.1)
  }

  @Test func theNearestFolderCountsAndKComesFirst() throws {
    let weights = RandomDictionary(featureCount: 12, width: 5, seed: 1)
    var parts = weights.parts(.relu)
    parts.files = ["/x/average_l0_9/average_l0_71/params.safetensors"]
    let declared = ExpectedFit(try SparseDictionary(parts))
    #expect(declared.l0 == 71...71)
    #expect(declared.l0Source == "folder 'average_l0_71'")
    parts.activation = .topK(k: 4)
    #expect(ExpectedFit(try SparseDictionary(parts)).l0 == 4...4)
    parts.activation = .relu
    parts.files = ["/x/params.safetensors"]
    #expect(ExpectedFit(try SparseDictionary(parts)) == ExpectedFit())
  }

  @Test func quantilesAreTheSmallestNumbersThatCover() {
    var counts = ActiveCounts()
    #expect(counts.quantile(0.5) == nil)
    #expect(counts.histogram() == [])
    for count in [5, 1, 3, 3, 9] { counts.add(count) }
    #expect(
      [0, 0.2, 0.21, 0.5, 0.8, 0.81, 1].map { counts.quantile($0) } == [1, 1, 3, 3, 5, 9, 9])
    #expect(counts.histogram() == [1, 0, 2, 0, 1, 0, 0, 0, 1])
    #expect(counts.histogram(3) == [3, 1, 1])
  }

  @Test(arguments: [0, 1, 2, 5, 40, 100])
  func samplesAreEvenlySpread(_ count: Int) {
    let flags = (0..<100).map { $0 % 4 != 0 }
    let sample = RowSample.strided(flags, count: count)
    #expect(sample.count == min(count, 75))
    #expect(sample.allSatisfy { flags[$0] })
    #expect(sample == sample.sorted() && Set(sample).count == sample.count)
    let gaps = zip(sample, sample.dropFirst()).map { $1 - $0 }
    if let narrow = gaps.min(), let wide = gaps.max() { #expect(wide - narrow <= 3) }
  }

  /// All pairs in f64.
  @Test(arguments: [1_000_000, 48 * 37 * 20])
  func coherenceIsTheLargestCosine(_ budget: Int) throws {
    let weights = RandomDictionary(featureCount: 48, width: 37, seed: 3)
    let dictionary = try SparseDictionary(weights.parts(.relu))
    let rows = (0..<48).map { feature in
      dictionary.decoder.values(ofRow: feature, .best).map(Double.init)
    }
    func cosine(_ a: Int, _ b: Int) -> Double {
      let product = zip(rows[a], rows[b]).reduce(0) { $0 + $1.0 * $1.1 }
      let squares = [a, b].map { rows[$0].reduce(0) { $0 + $1 * $1 } }
      return abs(product) / (squares[0] * squares[1]).squareRoot()
    }
    let coherence = DecoderCoherence(dictionary, budget: budget)
    let left = min(48, budget / (48 * 37))
    #expect(coherence.comparedCount == left)
    #expect(coherence.isComplete == (left == 48))
    var largest = 0.0
    for index in 0..<left {
      let feature = index * 48 / left
      for other in 0..<48 where other != feature { largest = max(largest, cosine(feature, other)) }
    }
    #expect(abs((coherence.value ?? 0) - largest) < 1e-5)
    #expect(coherence.pair.count == 2)
    #expect(abs(cosine(coherence.pair[0], coherence.pair[1]) - largest) < 1e-5)
  }

  @Test func coherenceOfOneDirectionIsUndefined() throws {
    var weights = RandomDictionary(featureCount: 2, width: 3, seed: 3).parts(.relu)
    weights.decoder = .dense(RowMatrix(rowCount: 2, width: 3, values: [0, 0, 0, 1, 2, 3]))
    let coherence = DecoderCoherence(try SparseDictionary(weights))
    #expect(coherence.value == nil)
    #expect(coherence.pair == [])
  }

  @Test func causesAreThoseOfTheSchema() throws {
    let schema = try JSONValue.read(path: Schema.folder + "/verify.schema.json")
    let kinds = schema["properties"]?["causes"]?["items"]?["properties"]?["kinds"]?["items"]
    #expect(
      kinds?["enum"]?.asArray?.compactMap(\.asString)
        == VerificationCause.Kind.allCases.map(\.rawValue))
  }

  @Test func numbersInMessages() {
    #expect(Decimal.fixed(0.1949, 3) == "0.195")
    #expect(Decimal.fixed(-0.0001, 3) == "0.000")
    #expect(Decimal.fixed(-1.25, 1) == "-1.3")
    #expect(Decimal.fixed(12, 0) == "12")
    #expect(Decimal.significant(0.00433569) == "0.004336")
    #expect(Decimal.significant(230.64) == "230.6")
    #expect(Decimal.significant(0) == "0.0")
    #expect(Decimal.range(10...20) == "10 to 20")
    #expect(Decimal.range(32...32) == "32")
  }

  @Test(arguments: Sample.all)
  func partsOfADictionaryMakeItAgain(_ sample: Sample) throws {
    let dictionary = try sample.dictionary()
    let again = try SparseDictionary(SparseDictionary.Parts(dictionary))
    let rows = sample.rows(9).flatMap { $0 }
    let codes = try dictionary.encode(rows)
    #expect(codes == (try again.encode(rows)))
    #expect(try dictionary.decode(codes, of: rows) == again.decode(codes, of: rows))
    #expect(again.ledger == dictionary.ledger)
    #expect(again.input == dictionary.input && again.files == dictionary.files)
  }
}
