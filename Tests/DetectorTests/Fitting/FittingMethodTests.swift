import Detector
import TestSupport
import Testing

@Suite struct FittingMethodTests {
  /// FRC's interval holds the true FRC about as often as it says, at few pairs and at the edges too.
  @Test(arguments: [
    (0.25, 0.45, 0.05), (0.05, 0.9, 0.01), (0.1, 0.1, 0.1), (0.45, 0.5, 0.02), (0.0, 0.3, 0.0),
  ])
  func intervalsCover(_ both: Double, _ present: Double, _ absent: Double) {
    var generator = SplitMix64(seed: 5)
    let truth = PairTable.harmonicMean(both + present, 1 - both - absent)
    for count in [50, 100, 350] {
      var covered = 0
      for _ in 0..<2000 {
        var table = PairTable()
        for _ in 0..<count {
          let u = Double.random(in: 0..<1, using: &generator)
          if u < both {
            table.both += 1
          } else if u < both + present {
            table.present += 1
          } else if u < both + present + absent {
            table.absent += 1
          } else {
            table.neither += 1
          }
        }
        let interval = table.evidence().interval
        if interval.lower <= truth, truth <= interval.upper { covered += 1 }
      }
      // 93 % less two standard errors, and not by being so wide that it says nothing.
      #expect(covered >= 1837, "\(count) pairs: \(covered) of 2000")
      #expect(covered <= 1960, "\(count) pairs: \(covered) of 2000")
    }
  }

  @Test func reversedTablesChangeSides() {
    let table = PairTable(both: 3, present: 10, absent: 2, neither: 5)
    let evidence = table.evidence()
    #expect(evidence.sufficiency == 0.65)
    #expect(evidence.necessity == 0.75)
    #expect(table.reversed.evidence().sufficiency == 0.25)
    #expect(table.reversed.evidence().necessity == 0.35)
    #expect(PairTable().evidence().confidence == 0)
  }

  @Test func separableRowsStayFinite() throws {
    let rows: [Double] = [-3, -2, -1, 1, 2, 3]
    let labels = [false, false, false, true, true, true]
    var last = 0.0
    for c in [1e-6, 1, 1e3, 1e6, 1e9] {
      let fit = try LogisticRegression(rows: rows, width: 1, labels: labels, inverseStrength: c)
      #expect(fit.weights[0].isFinite && fit.weights[0] > last)
      #expect(abs(fit.intercept) < 1e-6)
      #expect(fit.stepCount < 100)
      last = fit.weights[0]
    }
  }

  /// The gradient at the answer is zero, whatever the sizes of columns and classes.
  @Test func gradientVanishes() throws {
    var generator = SplitMix64(seed: 11)
    let (count, width) = (60, 7)
    let scales = [1, 1e3, 1e-3, 1, 5, 1, 20.0]
    let rows = (0..<(count * width)).map { Double(generator.normal()) * scales[$0 % width] + 1 }
    let labels = (0..<count).map { _ in generator.normal() > 0.8 }
    let c = 0.7
    let fit = try LogisticRegression(rows: rows, width: width, labels: labels, inverseStrength: c)
    var gradient = fit.weights + [0]
    for row in 0..<count {
      var margin = fit.intercept
      for column in 0..<width { margin += rows[row * width + column] * fit.weights[column] }
      // d/dm of ln(1 + exp(∓m)), by its difference quotient's limit written with tanh
      let error = c * (labels[row] ? -1 : 1) / (1 + exponential(labels[row] ? margin : -margin))
      for column in 0..<width { gradient[column] += error * rows[row * width + column] }
      gradient[width] += error
    }
    #expect(gradient.allSatisfy { abs($0) < 1e-7 }, "\(gradient)")
  }

  /// e^x by its series, so that the test shares no code with what it tests.
  private func exponential(_ x: Double) -> Double {
    let reduced = x / 1024
    var term = 1.0
    var sum = 1.0
    for index in 1..<30 {
      term *= reduced / Double(index)
      sum += term
    }
    return (0..<10).reduce(sum) { value, _ in value * value }
  }

  @Test func oneClassIsRefused() {
    #expect(
      throws: DetectionError(.tooFew(what: "rows without the structure", found: 0, needed: 1))
    ) {
      try LogisticRegression(rows: [1, 2], width: 1, labels: [true, true], inverseStrength: 1)
    }
    #expect(throws: DetectionError(.nonFinite(what: "a row"))) {
      try LogisticRegression(rows: [1, .nan], width: 1, labels: [true, false], inverseStrength: 1)
    }
  }

  @Test(arguments: [1, 2, 7, 40])
  func eigenvectorsRebuildTheMatrix(_ size: Int) {
    var generator = SplitMix64(seed: UInt64(size))
    let half = (0..<(size * size)).map { _ in Double(generator.normal()) }
    var matrix = half
    for row in 0..<size {
      for column in 0..<size { matrix[row * size + column] += half[column * size + row] }
    }
    let eigen = SymmetricEigen(matrix, size: size)
    #expect(eigen.values == eigen.values.sorted(by: >))
    for row in 0..<size {
      for column in 0..<size {
        var rebuilt = 0.0
        var product = 0.0
        for k in 0..<size {
          rebuilt +=
            eigen.values[k] * eigen.vectors[k * size + row] * eigen.vectors[k * size + column]
          product += eigen.vectors[row * size + k] * eigen.vectors[column * size + k]
        }
        #expect(abs(rebuilt - matrix[row * size + column]) < 1e-11)
        #expect(abs(product - (row == column ? 1 : 0)) < 1e-12)
      }
    }
  }

  @Test func theSameDocumentsGiveTheSameBits() throws {
    let vector = try FittingCase("plain")
    let expected = try vector.expectations("probe")[0]
    #expect(try vector.fit(.probe, expected) == vector.fit(.probe, expected))
  }
}
