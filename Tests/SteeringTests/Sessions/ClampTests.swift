import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct ClampTests {
  private static let width = 64

  /// 64 orthonormal rows, exact in f32: a Hadamard matrix over 8, plus noise of size `noise`.
  private func rows(noise: Float) -> [Float] {
    var generator = SplitMix64(seed: 21)
    return (0..<Self.width).flatMap { row in
      (0..<Self.width).map { column in
        let sign: Float = (row & column).nonzeroBitCount % 2 == 0 ? 1 : -1
        return sign / 8 + noise * generator.normal()
      }
    }
  }

  private func dictionary(
    noise: Float, _ threshold: Float?
  ) throws -> SparseDictionary {
    let activation: ActivationFunction =
      threshold.map { .jumpReLU(threshold: Array(repeating: $0, count: Self.width)) } ?? .relu
    let matrix = RowMatrix(rowCount: Self.width, width: Self.width, values: rows(noise: noise))
    var generator = SplitMix64(seed: 5)
    return try SparseDictionary(
      SparseDictionary.Parts(
        name: "orthogonal", encoder: EncoderMatrix(matrix, layout: .featureMajor), decoder: matrix,
        encoderBias: generator.normals(Self.width, scale: 0.05),
        decoderBias: generator.normals(Self.width, scale: 0.05), activation: activation))
  }

  /// JumpReLU's one threshold for all features, or nil for ReLU.
  static let thresholds: [Float?] = [nil, 0.2]

  @Test(arguments: thresholds, [Float(0), 0.002])
  func reencodedClampReachesTheTarget(_ threshold: Float?, _ noise: Float) throws {
    let dictionary = try dictionary(noise: noise, threshold)
    let weights = rows(noise: noise)
    var generator = SplitMix64(seed: 8)
    let targets: [Int: Double] = [2: 4, 17: 1.5, 40: 6]
    var reached = 0
    for _ in 0..<20 {
      let row = generator.normals(Self.width)
      let before = try dictionary.codes([row])
      let f = targets.mapValues { _ in 0.0 }.merging(
        targets.keys.map { ($0, Double(before.activation(of: $0, row: 0))) }
      ) { $1 }
      // A silent feature's pre-activation is below its activation 0, so only active ones are exact.
      let active = targets.filter { (f[$0.key] ?? 0) > 0 }
      guard !active.isEmpty else { continue }
      let edited = try dictionary.steered(
        row, active.map { Intervention(feature: $0.key, mode: .clamp, alpha: $0.value) })
      let after = try dictionary.codes([edited])
      for (feature, target) in active {
        // |f' − c| ≤ Σⱼ |cⱼ − fⱼ|·|⟨Eᵢ, Dⱼ⟩ − δᵢⱼ|, plus rounding.
        var bound = 2e-5
        for (other, value) in active {
          bound += abs(value - (f[other] ?? 0)) * coherence(weights, feature, other)
        }
        let found = Double(after.activation(of: feature, row: 0))
        #expect(abs(found - target) <= bound, "feature \(feature)")
        reached += 1
      }
    }
    #expect(reached > 10)
  }

  private func coherence(_ weights: [Float], _ i: Int, _ j: Int) -> Double {
    var product = 0.0
    for column in 0..<Self.width {
      product += Double(weights[i * Self.width + column]) * Double(weights[j * Self.width + column])
    }
    return abs(product - (i == j ? 1 : 0))
  }

  @Test(arguments: thresholds)
  func errorOfAClampedRowIsKept(_ threshold: Float?) throws {
    let dictionary = try dictionary(noise: 0, threshold)
    var generator = SplitMix64(seed: 9)
    var compared = 0
    for _ in 0..<20 {
      let row = generator.normals(Self.width)
      guard try dictionary.codes([row]).activation(of: 17, row: 0) > 0 else { continue }
      let edited = try dictionary.steered(
        row, [Intervention(feature: 17, mode: .clamp, alpha: 7)])
      let before = try error(of: row, dictionary)
      let after = try error(of: edited, dictionary)
      for (a, b) in zip(before, after) { #expect(abs(a - b) <= 1e-5) }
      #expect(before.contains { abs($0) > 0.05 })
      compared += 1
    }
    #expect(compared > 3)
  }

  /// x − x̂, by way of the library's encoder and decoder.
  private func error(of row: [Float], _ dictionary: SparseDictionary) throws -> [Float] {
    let codes = try dictionary.codes([row])
    var estimate = [Float](repeating: 0, count: row.count)
    try Reconstructor(dictionary).decode(codes, row: 0, of: row, into: &estimate)
    return zip(row, estimate).map { $0 - $1 }
  }

  @Test func floorAndCeilingMakeABand() throws {
    let dictionary = try dictionary(noise: 0, nil)
    let band = [
      Intervention(feature: 6, mode: .floor, alpha: 0.5),
      Intervention(feature: 6, mode: .ceiling, alpha: 1),
    ]
    var generator = SplitMix64(seed: 10)
    var seen: Set<String> = []
    for _ in 0..<60 {
      let row = generator.normals(Self.width)
      let f = try dictionary.codes([row]).activation(of: 6, row: 0)
      let edited = try dictionary.steered(row, band)
      let after = try dictionary.codes([edited]).activation(of: 6, row: 0)
      switch f {
      case 0:
        // The silent part of the pre-activation stays, so only the direction's share is exact.
        let moved = zip(edited, row).map { $0 - $1 }
        let length = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(length - 0.5) < 1e-5)
        seen.insert("silent")
      case ..<0.5:
        #expect(abs(after - 0.5) < 1e-5)
        seen.insert("below")
      case Float(1).nextUp...:
        #expect(abs(after - 1) < 1e-5)
        seen.insert("above")
      default:
        #expect(bits(edited) == bits(row))
        seen.insert("inside")
      }
    }
    #expect(seen == ["silent", "below", "inside", "above"])
  }

  @Test(arguments: Sample.all)
  func projectOutLeavesNoProjection(_ sample: Sample) throws {
    let dictionary = try sample.dictionary()
    let oracle = Oracle(sample: sample)
    for row in sample.rows(6) {
      let edited = try dictionary.steered(row, [Intervention(feature: 13, mode: .projectOut)])
      let direction = oracle.decoderRow(13)
      let before = oracle.dot(row.map(Double.init), direction)
      let after = oracle.dot(edited.map(Double.init), direction)
      #expect(abs(after) <= 1e-5 * (1 + abs(before)))
      #expect(abs(before) > 1e-3)
    }
  }
}
