import TestSupport
import Tensors
import Testing

/// Bounds of blocks of features and runs of inputs are those of single ones.
@Suite struct BoundedProductTests {
  private static let width = 100
  private static let rowCount = 150

  private let rows: [[Float]]
  private let inputs: [[Float]]
  private let bias: [Float]
  private let gain: [Float]

  init() {
    var random = SplitMix64(seed: 61)
    rows = (0..<Self.rowCount).map { _ in
      InputKind.heavyTailed.floats(Self.width, using: &random)
    }
    inputs = (0..<5).map { _ in InputKind.uniform.floats(Self.width, using: &random) }
    bias = InputKind.uniform.floats(Self.rowCount, using: &random)
    gain = InputKind.uniform.floats(Self.rowCount, using: &random).map(abs)
  }

  private func quantised(_ kernels: Kernels) throws -> QuantisedRows {
    let matrix = RowMatrix(
      rowCount: Self.rowCount, width: Self.width, values: rows.flatMap { $0 })
    return try #require(QuantisedRows.make(matrix, kernels, workers: Workers()))
  }

  @Test(arguments: Kernels.available, [false, true])
  func blocksAreSingles(_ kernels: Kernels, _ hasGain: Bool) throws {
    let product = try #require(
      BoundedProduct(
        try quantised(kernels), bias: bias, gain: hasGain ? gain : [], absolute: hasGain))
    let quantised = QuantisedInputs(capacity: inputs.count, width: Self.width)
    for (place, input) in inputs.enumerated() {
      #expect(quantised.quantise(input, at: place, kernels))
    }
    let stride = Self.rowCount + 7
    // From the middle of one block to the middle of another, of some inputs.
    for (places, features) in [
      (0..<5, 0..<150), (1..<4, 3..<147), (4..<5, 63..<66), (2..<2, 5..<9),
    ] {
      let out = Block<Float>.output(Array(repeating: -5, count: places.count * stride))
      let scratch = Block<Int32>(
        Array(repeating: 0, count: BoundedProduct.scratchCount(inputCount: places.count)),
        margin: 37, guardValue: 7)
      product.bounds(
        of: quantised, at: places, in: features, scratch: scratch.start, into: out.start,
        stride: stride, kernels)
      #expect(out.hasIntactGuards && scratch.hasIntactGuards)
      let expected = places.flatMap { place in
        let bounds = Bounds(
          kernels, BoundCase(name: "all", rows: rows, x: inputs[place]), bias: bias,
          gain: hasGain ? gain : nil, absolute: hasGain)
        return (0..<stride).map { features.contains($0) ? bounds.values[$0] : -5 }
      }
      #expect(firstDifference(out.values, expected) == nil, "\(places), \(features)")
    }
  }

  @Test func inputsWithoutBoundsAreTold() {
    let inputs = QuantisedInputs(capacity: 1, width: 3)
    for (values, isUsable) in [
      ([0, 0, 0], false), ([1e-11, 0, 0], false), ([0, -2e-10, 0], true), ([1, 9e9, 0], true),
      ([1, -2e10, 0], false),
    ] as [([Float], Bool)] {
      #expect(inputs.quantise(values, at: 0, .best) == isUsable, "\(values)")
    }
  }

  @Test(arguments: [Float.nan, .infinity, 2e10, -2e10])
  func whatCouldOverflowHasNoBounds(_ number: Float) throws {
    let rows = try quantised(.best)
    var wrong = bias
    wrong[149] = number
    #expect(BoundedProduct(rows, bias: wrong, gain: [], absolute: false) == nil)
    #expect(BoundedProduct(rows, bias: bias, gain: gain, absolute: true) != nil)
    for gainOfNone in [number, -1e-30] {
      wrong = gain
      wrong[0] = gainOfNone
      #expect(BoundedProduct(rows, bias: bias, gain: wrong, absolute: false) == nil)
    }
  }
}
