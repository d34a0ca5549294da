import Glibc
import SAE

/// Runs variants of a dictionary on a sample of rows and ranks them by how well they fit.
///
/// Each variant changes one decision of the load, or two. Order and numbers are fixed, so the same
/// files give the same ranking.
struct VariantSearch {
  /// Rows on which a scale is looked for coarsely, and finely.
  private static let coarseRows = 64
  private static let fineRows = 256
  /// Steps of the coarse search: quarters of a decade, five decades either way.
  private static let coarseSteps = -20...20
  private static let goldenSteps = 12
  private static let bisectionSteps = 14
  /// Pairs of changes that are tried when none explains the load alone.
  private static let pairLimit = 12

  let dictionary: SparseDictionary
  let expected: ExpectedFit
  let sample: RowSample
  /// Samples of neighbouring files, each with the file's path.
  let neighbours: [(path: String, sample: RowSample)]
  let baseFit: VerificationFit
  let baseDistance: Double
  private(set) var causes: [VerificationCause] = []
  private(set) var evaluationCount = 0
  private let progress: (Int) -> Void
  private let coarse: RowSample
  private let fine: RowSample

  private var width: Int { dictionary.modelWidth }

  init?(
    _ dictionary: SparseDictionary, expected: ExpectedFit, sample: RowSample,
    neighbours: [(path: String, sample: RowSample)], progress: @escaping (Int) -> Void
  ) {
    guard let base = sample.measure(dictionary) else { return nil }
    self.dictionary = dictionary
    self.expected = expected
    self.sample = sample
    self.neighbours = neighbours
    self.progress = progress
    baseFit = base
    baseDistance = VerificationBands.distance(base, expected, width: dictionary.modelWidth)
    coarse = sample.thinned(to: Self.coarseRows)
    fine = sample.thinned(to: Self.fineRows)
  }

  /// Tries every single change, and pairs where `triesPairs` holds and no single one explains the load.
  mutating func run(triesPairs: Bool) {
    let kernels = dictionary.kernels
    let norms = dictionary.decoder.norms(kernels)
    let meanNorm = sample.meanNorm
    let plain = VariantChange.candidates(
      dictionary, expected: expected, meanNorm: meanNorm, decoderNorms: norms)
    var singles: [(change: VariantChange, cause: VerificationCause)] = []
    for change in plain { if let cause = cause([change]) { singles.append((change, cause)) } }
    if let change = thresholdForDeclaredL0(singles.map(\.cause)), let cause = cause([change]) {
      singles.append((change, cause))
    }
    if let change = scale(with: [], meanNorm: meanNorm, norms: norms),
      let cause = cause([change])
    {
      singles.append((change, cause))
    }
    if let factor = baseFit.bestOutputFactor, factor > 0, abs(factor - 1) > 0.05 {
      let change = VariantChange.outputScale(factor, of: dictionary)
      if let cause = cause([change]) { singles.append((change, cause)) }
    }
    for index in neighbours.indices {
      let path = neighbours[index].path
      let change = VariantChange(
        kind: .otherRows, statement: "the rows are those of \(path)",
        advice:
          "the rows come from another place than the dictionary's: pass --activations \(path)",
        neighbour: index)
      if let cause = cause([change]) { singles.append((change, cause)) }
    }
    causes = singles.map(\.cause)
    if triesPairs, !causes.contains(where: \.explains) {
      addPairs(of: singles, meanNorm: meanNorm, norms: norms)
    }
    // Stable: equal distances stay in the order in which they were tried.
    causes = causes.enumerated().sorted {
      ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset)
    }.map(\.element)
    preferPlain()
  }

  /// Moves a cause before those that fit hardly better, with a number fitted to the rows.
  private mutating func preferPlain() {
    for start in causes.indices {
      var place = start
      let cause = causes[start]
      while place > 0 {
        let before = causes[place - 1]
        guard before.fittedCount > cause.fittedCount, !before.explains || cause.explains,
          cause.distance - before.distance < VerificationBands.tie
        else { break }
        causes.swapAt(place - 1, place)
        place -= 1
      }
    }
  }

  /// Pairs of the changes that fit best alone, of different kinds. A scale is looked for anew beside
  /// each other change: what is best alone is not best together.
  private mutating func addPairs(
    of singles: [(change: VariantChange, cause: VerificationCause)], meanNorm: Double,
    norms: [Double]
  ) {
    let best = causes.map(\.distance).min() ?? baseDistance
    let ranked = singles.enumerated().sorted {
      ($0.element.cause.distance, $0.offset) < ($1.element.cause.distance, $1.offset)
    }.map(\.element.change)
    var pairs: [[VariantChange]] = []
    // Two fitted factors, on rows and on what comes out, fit about anything.
    let excluded: [VerificationCause.Kind] = [.activationScale, .normalisation, .outputScale]
    for change in ranked where !excluded.contains(change.kind) {
      if let scale = scale(with: [change], meanNorm: meanNorm, norms: norms) {
        pairs.append([scale, change])
      }
      if pairs.count >= Self.pairLimit / 2 { break }
    }
    for (index, first) in ranked.enumerated() {
      for second in ranked[(index + 1)...]
      where first.kind != second.kind && pairs.count < Self.pairLimit {
        guard first.kind != .activationScale, second.kind != .activationScale else { continue }
        pairs.append([first, second])
      }
    }
    for pair in pairs {
      guard let cause = cause(pair), VerificationBands.isBetter(cause.distance, than: best)
      else { continue }
      causes.append(cause)
    }
  }

  private mutating func fit(_ changes: [VariantChange], on rows: RowSample) -> VerificationFit? {
    evaluationCount += 1
    progress(evaluationCount)
    var parts = SparseDictionary.Parts(dictionary)
    for change in changes { change.edit(&parts) }
    guard let variant = try? SparseDictionary(parts, kernels: dictionary.kernels) else {
      return nil
    }
    return rows.measure(variant)
  }

  private mutating func cause(_ changes: [VariantChange]) -> VerificationCause? {
    let rows = changes.compactMap(\.neighbour).first.map { neighbours[$0].sample } ?? sample
    guard let fit = fit(changes, on: rows), fit.fvu != nil else { return nil }
    let distance = VerificationBands.distance(fit, expected, width: width)
    let isInBands = VerificationBands.complaints(fit, expected, width: width).isEmpty
    var isBetter = VerificationBands.isBetter(distance, than: baseDistance)
    if VerificationBands.complaints(baseFit, expected, width: width).isEmpty {
      let isDenser =
        expected.l0 == nil
        && (fit.l0 ?? 0) > VerificationBands.largestDenser * (baseFit.l0 ?? .infinity)
      if isDenser || changes.contains(where: \.isCommonlyBetter) { isBetter = false }
    } else if changes.contains(where: \.restoresL0) {
      // A larger k always fits better, a smaller one worse: only what was declared tells.
      isBetter = isBetter || VerificationBands.octavesOff(baseFit, expected, width: width) > 0
    }
    return VerificationCause(
      kinds: changes.map(\.kind),
      statement: changes.map(\.statement).joined(separator: ", and "),
      advice: changes.map(\.advice).joined(separator: "; and "), fit: fit,
      gain: baseDistance - distance,
      explains: isInBands && isBetter, distance: distance,
      fittedCount: changes.count(where: \.isFitted))
  }

  // MARK: - Scales

  /// The factor on the threshold at which L0 is as declared, where L0 is off and no factor with a name
  /// explains it: L0 falls as the threshold rises, so bisection finds it.
  private mutating func thresholdForDeclaredL0(
    _ tried: [VerificationCause]
  ) -> VariantChange? {
    guard let declared = expected.l0, dictionary.activation.hasThreshold,
      VerificationBands.octavesOff(baseFit, expected, width: width) > 0,
      !tried.contains(where: { $0.kinds == [.thresholdUnits] && $0.explains })
    else { return nil }
    let goal = (declared.lowerBound * declared.upperBound).squareRoot()
    var low = Double(Self.coarseSteps.lowerBound) / 4 * log(10.0)
    var high = Double(Self.coarseSteps.upperBound) / 4 * log(10.0)
    for _ in 0..<Self.bisectionSteps {
      let middle = (low + high) / 2
      let change = VariantChange.threshold(by: exp(middle), name: "")
      guard let l0 = fit([change], on: coarse)?.l0 else { return nil }
      if l0 > goal { low = middle } else { high = middle }
    }
    var found = VariantChange.threshold(
      by: exp((low + high) / 2), name: "the factor that gives the declared L0")
    found.isFitted = true
    return found
  }

  /// The best constant factor on rows, by a grid and a golden-section search over its logarithm; nil
  /// where it is about the one that the dictionary has.
  ///
  /// A named factor that fits as well as the best is taken instead of it.
  private mutating func scale(
    with others: [VariantChange], meanNorm: Double, norms: [Double]
  ) -> VariantChange? {
    let step = log(10.0) / 4
    var best: (exponent: Double, distance: Double)?
    for index in Self.coarseSteps {
      let exponent = Double(index) * step
      guard let found = distance(atScale: exponent, others, on: coarse) else { continue }
      if found < best?.distance ?? .infinity { best = (exponent, found) }
    }
    guard let start = best else { return nil }
    let exponent = golden(from: start.exponent - step, to: start.exponent + step, others)
    let factor = exp(exponent)
    var current = 1.0
    if case .constantFactor(let value) = dictionary.normalisation { current = Double(value) }
    // Where each row has its own factor, about 1 is no normalisation at all, which is tried by itself.
    guard abs(log(factor / current)) > 0.05 else { return nil }
    let reached = distance(atScale: exponent, others, on: fine) ?? .infinity
    for (value, name) in namedScales(current: current, meanNorm: meanNorm, norms: norms) {
      guard abs(log(value / factor)) < 0.35,
        let found = distance(atScale: log(value), others, on: fine), found <= reached + 0.01
      else { continue }
      return .activationScale(value, name, of: dictionary)
    }
    return .activationScale(factor, nil, of: dictionary, meanNorm: meanNorm)
  }

  /// Factors that publishers use, or use the wrong way round.
  private func namedScales(
    current: Double, meanNorm: Double, norms: [Double]
  ) -> [(Double, String)] {
    let root = Double(width).squareRoot()
    var named: [(Double, String)] = []
    if current != 1 {
      named += [(1, "without the factor"), (1 / current, "the factor the other way round")]
    }
    if let median = OrdinaryRows.median(norms), median > 0 {
      named += [
        (1 / median, "1 / median decoder norm"), (median, "the median decoder norm"),
      ]
    }
    if meanNorm > 0 {
      named += [(root / meanNorm, "√d / mean norm"), (1 / meanNorm, "1 / mean norm")]
    }
    return named + [(root, "√d"), (1 / root, "1 / √d")]
  }

  private mutating func distance(
    atScale exponent: Double, _ others: [VariantChange], on rows: RowSample
  ) -> Double? {
    let change = VariantChange.activationScale(exp(exponent), nil, of: dictionary)
    let sample: RowSample =
      if let neighbour = others.compactMap(\.neighbour).first {
        neighbours[neighbour].sample.thinned(to: rows.count)
      } else {
        rows
      }
    guard let fit = fit(others + [change], on: sample), let fvu = fit.fvu else { return nil }
    // Not capped: far from the best scale the search still needs a slope.
    let sparsity = VerificationBands.distance(fit, expected, width: width)
    return max(sparsity, fvu)
  }

  private mutating func golden(
    from low: Double, to high: Double, _ others: [VariantChange]
  ) -> Double {
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (low, high)
    var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
    var left = distance(atScale: a, others, on: fine) ?? .infinity
    var right = distance(atScale: b, others, on: fine) ?? .infinity
    for _ in 0..<Self.goldenSteps {
      if left <= right {
        (high, b, right) = (b, a, left)
        a = high - ratio * (high - low)
        left = distance(atScale: a, others, on: fine) ?? .infinity
      } else {
        (low, a, left) = (a, b, right)
        b = low + ratio * (high - low)
        right = distance(atScale: b, others, on: fine) ?? .infinity
      }
    }
    return (low + high) / 2
  }
}
