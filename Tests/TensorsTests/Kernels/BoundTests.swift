import CKernels
import TestSupport
import Tensors
import Testing

/// Rows and an input whose products are bounded, and how each came about.
struct BoundCase: Sendable, CustomTestStringConvertible {
  let name: String
  let rows: [[Float]]
  let x: [Float]
  var testDescription: String { name }

  /// What f32 arithmetic of `kernels` gives of row `place`, with what follows the product.
  func value(_ kernels: Kernels, _ place: Int, bias: Float, gain: Float) -> Float {
    (kernels.dot(rows[place], x, count: x.count) + bias) * gain
  }

  /// The exact product, rounded once, with the same.
  func exact(_ place: Int, bias: Float, gain: Float) -> Float {
    (Float(dotOracle(rows[place], x).value) + bias) * gain
  }
}

extension BoundCase {
  static let rowCount = 9

  /// Inputs and rows of every kind, and those for which a step of the proof is an equality.
  static func all(width: Int) -> [BoundCase] {
    var random = SplitMix64(seed: UInt64(width))
    func some(_ kind: InputKind = .uniform) -> [[Float]] {
      (0..<rowCount).map { _ in kind.floats(width, using: &random) }
    }
    func scaled(_ rows: [[Float]], _ factor: Float) -> [[Float]] {
      rows.map { $0.map { $0 * factor } }
    }
    let x = InputKind.uniform.floats(width, using: &random)
    let massive = x.enumerated().map { $0 % 600 == 7 ? 5000 * ($1 + 2) : $1 }
    let heavy = InputKind.heavyTailed.floats(width, using: &random)
    let cancelling = InputKind.cancelling.floats(width, using: &random)
    var cases = [
      BoundCase(name: "uniform", rows: some(), x: x),
      BoundCase(name: "heavy-tailed rows", rows: some(.heavyTailed), x: x),
      BoundCase(name: "heavy-tailed both", rows: some(.heavyTailed), x: heavy),
      BoundCase(name: "massive dimensions", rows: some(), x: massive),
      BoundCase(name: "cancelling", rows: some(.cancelling), x: cancelling),
      BoundCase(name: "tiny rows", rows: scaled(some(), 0x1p-70), x: massive),
      BoundCase(name: "rows at the edge of tiny", rows: scaled(some(), 0x1p-59), x: x),
      BoundCase(name: "subnormals among weights", rows: some(.subnormal), x: x),
      BoundCase(name: "subnormal rows", rows: scaled(some(), 0x1p-130), x: heavy),
      BoundCase(
        name: "smallest of all", rows: scaled(some(), 0x1p-140), x: x.map { $0 * 1e-9 }),
      BoundCase(name: "large", rows: scaled(some(), 1e8), x: massive.map { $0 * 1e5 }),
      BoundCase(name: "zero rows", rows: scaled(some(), 0), x: x),
    ]
    cases += tight(some() + [cancelling], x, massive)
    return cases.filter { ($0.x.map(abs).max() ?? 0) >= 1e-10 }
  }

  /// Inputs along what the codes of a row lose, and rows along what the codes of an input lose: there
  /// Cauchy and Schwarz' inequality is an equality, and nothing but the rounding up is left over.
  private static func tight(_ rows: [[Float]], _ x: [Float], _ massive: [Float]) -> [BoundCase] {
    var cases: [BoundCase] = []
    for (place, row) in rows.enumerated() {
      let lost = QuantisedRow(row, .best).losses(row)
      let scale = 1 / max(length(lost), 1e-30)
      for sign in [-1.0, 1] {
        cases.append(
          BoundCase(
            name: "along row \(place)'s losses", rows: [row],
            x: lost.map { Float(sign * $0 * scale) }))
        // Where all that is lost is a rounding of the largest size, the few are bounded tightly too.
        cases.append(
          BoundCase(
            name: "along few of row \(place)'s losses", rows: [row],
            x: zip(lost, x).enumerated().map { index, pair in
              let isOneOfFew = index == place % row.count
              return isOneOfFew ? Float(sign) * (pair.0 < 0 ? -1e4 : 1e4) : pair.1 * 1e-3
            }))
      }
    }
    for input in [x, massive] {
      let lost = zip(input, QuantisedInput(input, .best).values).map { Double($0) - $1 }
      let scale = 1 / max(length(lost), 1e-30)
      cases.append(
        BoundCase(
          name: "rows along the input's losses",
          rows: [lost.map { Float($0 * scale) }, lost.map { Float(-$0 * scale) }], x: input))
    }
    return cases
  }
}

/// Bounds of all rows of a case.
struct Bounds {
  let bias: [Float]
  let gain: [Float]?
  let values: [Float]
  let hasIntactGuards: Bool

  init(
    _ kernels: Kernels, _ bounded: BoundCase, bias: [Float], gain: [Float]? = nil,
    absolute: Bool = false, dotError: Double? = nil
  ) {
    let count = bounded.rows.count
    let rows = bounded.rows.map { QuantisedRow($0, kernels) }
    let input = QuantisedInput(bounded.x, kernels, dotError: dotError)
    let sums = rows.map { row in
      Int32(zip(row.codes, input.codes).reduce(0) { $0 + Int($1.0) * Int($1.1) })
    }
    // The features start at the third place of the arrays.
    func array(_ values: [Float]) -> Block<Float> { Block.input([-1, -1] + values) }
    let scales = array(rows.map(\.result.scale))
    let residuals = array(rows.map(\.result.residual))
    let norms = array(rows.map(\.result.norm))
    let biases = array(bias)
    let gains = gain.map(array)
    var arrays = ck_quantised_rows(
      scale: scales.start, residual: residuals.start, norm: norms.start, bias: biases.start,
      gain: gains?.start)
    var limits = input.result
    let out = Block<Float>.output(Array(repeating: 0, count: count), offset: count % 3)
    kernels.bound(
      sums, of: &limits, rows: &arrays, first: 2, count: count, absolute: absolute,
      into: out.start)
    self.bias = bias
    self.gain = gain
    values = out.values
    hasIntactGuards = out.hasIntactGuards
  }
}

@Suite struct BoundTests {
  static let widths = [1, 7, 64, 100, 640, 2304]
  static let biases: [Float] = [0, 0.25, -3, 1e-9, -1e10]
  static let gains: [Float?] = [nil, 1.7, 0, 3e-5, 1e10]

  @Test(arguments: Kernels.available, widths)
  func noResultIsAboveItsBound(_ kernels: Kernels, _ width: Int) {
    for bounded in BoundCase.all(width: width) {
      let count = bounded.rows.count
      for (bias, gain) in zip(Self.biases, Self.gains) {
        let biases = Array(repeating: bias, count: count)
        let gains = gain.map { Array(repeating: $0, count: count) }
        for absolute in [false, true] {
          let bounds = Bounds(kernels, bounded, bias: biases, gain: gains, absolute: absolute)
          #expect(bounds.hasIntactGuards)
          for place in 0..<count {
            let found = bounded.value(kernels, place, bias: bias, gain: gain ?? 1)
            let exact = bounded.exact(place, bias: bias, gain: gain ?? 1)
            let bound = bounds.values[place]
            #expect(bound.isFinite && bound >= found, "\(bounded.name), row \(place)")
            #expect(bound >= exact, "\(bounded.name), row \(place)")
            if absolute {
              #expect(bound >= -found && bound >= -exact, "\(bounded.name), row \(place)")
            }
          }
        }
      }
    }
  }

  /// The dot products of bf16 rows are bounded by the codes of the widened rows.
  @Test(arguments: Kernels.available, widths)
  func bfloat16RowsAreBoundedToo(_ kernels: Kernels, _ width: Int) {
    for bounded in BoundCase.all(width: width) {
      let halves = bounded.rows.map { $0.map { UInt16($0.bitPattern >> 16) } }
      let widened = BoundCase(
        name: bounded.name, rows: halves.map { $0.map(bfloat16Value) }, x: bounded.x)
      let bounds = Bounds(
        kernels, widened, bias: Array(repeating: 0, count: halves.count), absolute: true)
      for (place, half) in halves.enumerated() {
        let found = kernels.dot(bfloat16: half, bounded.x, count: width)
        #expect(bounds.values[place] >= abs(found), "\(bounded.name), row \(place)")
      }
    }
  }

  /// What makes pruning worth while: a bound lies near what it bounds.
  @Test(arguments: Kernels.available)
  func boundsAreNear(_ kernels: Kernels) {
    for width in [640, 2304] {
      guard let bounded = BoundCase.all(width: width).first else { continue }
      let bounds = Bounds(
        kernels, bounded, bias: Array(repeating: 0, count: bounded.rows.count))
      let size = length(bounded.x.map(Double.init))
      for (place, row) in bounded.rows.enumerated() {
        let room = Double(bounds.values[place]) - dotOracle(row, bounded.x).value
        #expect(room < 0.005 * size * length(row.map(Double.init)))
      }
    }
  }

  @Test(arguments: Kernels.available)
  func bitsAreThoseOfTheScalarVariant(_ kernels: Kernels) throws {
    let scalar = try #require(Kernels(.scalar))
    var random = SplitMix64(seed: 41)
    for count in 0...67 {
      let bounded = BoundCase(
        name: "\(count) rows",
        rows: (0..<count).map { _ in InputKind.heavyTailed.floats(33, using: &random) },
        x: InputKind.heavyTailed.floats(33, using: &random))
      let bias = InputKind.uniform.floats(count, using: &random)
      let gain = InputKind.uniform.floats(count, using: &random).map(abs)
      for absolute in [false, true] {
        for gains in [nil, gain] {
          func bounds(_ kernels: Kernels) -> Bounds {
            Bounds(
              kernels, bounded, bias: bias, gain: gains, absolute: absolute, dotError: 1e-6)
          }
          let found = bounds(kernels)
          #expect(found.hasIntactGuards)
          #expect(
            firstDifference(found.values.map(\.bitPattern), bounds(scalar).values.map(\.bitPattern))
              == nil)
        }
      }
    }
  }
}
