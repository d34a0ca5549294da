extension FittedDetector {
  /// Most features of a dictionary that a detector reads: what a document says is not taken on trust.
  package static let featureLimit = 1 << 24

  /// Refuses numbers that no score can be made of: scoring relies on all that is checked here.
  ///
  /// - Throws: `field`, `count`, `nonFinite` or `featureOutOfRange`, naming the place.
  package func check() throws(DetectionError) {
    try Self.expect(
      (1...Self.featureLimit).contains(dictionary.featureCount), "dictionary.featureCount",
      dictionary.featureCount, "1 to \(Self.featureLimit)")
    try Self.expect(
      dictionary.modelWidth > 0, "dictionary.modelWidth", dictionary.modelWidth, "above 0")
    try Self.checkName(name, "name")
    if let norm = masking.sinkNorm {
      try Self.expect(norm > 0, "masking.sinkNorm", norm, "above 0")
    }
    try Self.expect(!structures.isEmpty, "structures", "none", "at least one")
    var names: Set<String> = []
    for (index, structure) in structures.enumerated() {
      let place = "structures[\(index)]"
      try Self.expect(!structure.name.isEmpty, "\(place).name", "empty", "a name")
      try Self.checkName(structure.name, "\(place).name")
      try Self.expect(
        names.insert(structure.name).inserted, "\(place).name", "'\(structure.name)' again",
        "a name of its own")
      switch structure.readout {
      case .linear(let readout): try check(readout, place)
      case .profile(let readout): try check(readout, place)
      case .subspace(let readout): try check(readout, place)
      case .dense(let readout): try check(readout, place)
      }
    }
    try calibration?.check(structureCount: structures.count)
    if calibration?.sequential != nil, let structure = unstreamable {
      throw DetectionError(
        .unsupported(
          what: "a calibration of streams for structure '\(structure.name)'",
          expected: "linear readouts"))
    }
  }

  private func check(_ readout: LinearReadout, _ place: String) throws(DetectionError) {
    try Self.expect(!readout.terms.isEmpty, "\(place).terms", "none", "at least one")
    try Self.finite(readout.intercept, "\(place).intercept")
    var last = -1
    var bound = abs(readout.intercept)
    for (index, term) in readout.terms.enumerated() {
      let place = "\(place).terms[\(index)]"
      try check(feature: term.feature)
      try Self.expect(
        term.feature >= last, "\(place).feature", term.feature, "\(last) or more, ascending")
      last = term.feature
      try Self.finite(term.weight, "\(place).weight")
      try Self.finite(term.centre, "\(place).centre")
      try Self.finite(term.scale, "\(place).scale")
      try Self.expect(term.scale > 0, "\(place).scale", term.scale, "above 0")
      // In the order of a score's own operations, so that no step of it overflows either.
      bound += abs(term.weight) * (Self.largestReading + abs(term.centre)) / term.scale
      try Self.expect(
        bound.isFinite, "\(place).weight",
        "\(term.weight) with centre \(term.centre) and scale \(term.scale)",
        "a score that stays finite")
    }
  }

  private func check(_ readout: ProfileReadout, _ place: String) throws(DetectionError) {
    try check(features: readout.features, place)
    guard readout.shares.count == readout.features.count else {
      throw DetectionError(
        .count(
          of: "\(place).shares", found: readout.shares.count, expected: readout.features.count))
    }
    for (index, share) in readout.shares.enumerated() {
      try Self.expect(share >= 0 && share <= 1, "\(place).shares[\(index)]", share, "0 to 1")
    }
  }

  private func check(_ readout: SubspaceReadout, _ place: String) throws(DetectionError) {
    try check(features: readout.features, place)
    let width = readout.features.count
    try Self.expect(
      (1...width).contains(readout.rank), "\(place).rank", readout.rank, "1 to \(width)")
    guard readout.basis.count == readout.rank * width else {
      throw DetectionError(
        .count(of: "\(place).basis", found: readout.basis.count, expected: readout.rank * width))
    }
    var bound = 0.0
    for (index, value) in readout.basis.enumerated() {
      try Self.finite(value, "\(place).basis[\(index)]")
      if index % width == 0 { bound = 0 }
      bound += abs(value) * Self.largestReading
      try Self.expect(
        (bound * bound * Double(readout.rank)).isFinite, "\(place).basis[\(index)]", value,
        "a score that stays finite")
    }
  }

  private func check(_ readout: DenseReadout, _ place: String) throws(DetectionError) {
    guard readout.weights.count == dictionary.modelWidth else {
      throw DetectionError(
        .count(
          of: "\(place).weights", found: readout.weights.count, expected: dictionary.modelWidth))
    }
    try Self.finite(readout.intercept, "\(place).intercept")
    var bound = abs(readout.intercept)
    for (index, weight) in readout.weights.enumerated() {
      try Self.finite(weight, "\(place).weights[\(index)]")
      bound += abs(weight) * Self.largestReading
      try Self.expect(
        bound.isFinite, "\(place).weights[\(index)]", weight, "a score that stays finite")
    }
  }

  private func check(features: [Int], _ place: String) throws(DetectionError) {
    try Self.expect(!features.isEmpty, "\(place).features", "none", "at least one")
    var seen: Set<Int> = []
    for (index, feature) in features.enumerated() {
      try check(feature: feature)
      try Self.expect(
        seen.insert(feature).inserted, "\(place).features[\(index)]", "\(feature) again",
        "each feature once")
    }
  }

  private func check(feature: Int) throws(DetectionError) {
    guard (0..<dictionary.featureCount).contains(feature) else {
      throw DetectionError(
        .featureOutOfRange(found: feature, count: dictionary.featureCount))
    }
  }

  /// No pooled activation is larger: twice the largest f32, for what a mean is rounded up by.
  private static let largestReading = 2 * Double(Float.greatestFiniteMagnitude)

  /// Names are handed on as C strings and printed in one line: no control characters, U+0000 first.
  private static func checkName(_ text: String, _ field: String) throws(DetectionError) {
    let control = text.unicodeScalars.first { scalar in
      scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
    }
    guard let control else { return }
    let digits = String(control.value, radix: 16, uppercase: true)
    let code = String(repeating: "0", count: 4 - digits.utf8.count) + digits
    throw DetectionError(
      .field(
        name: field, found: "a text with U+\(code)", expected: "a name without control characters"))
  }

  static func finite(_ value: Double, _ name: String) throws(DetectionError) {
    guard value.isFinite else { throw DetectionError(.nonFinite(what: name)) }
  }

  static func expect(
    _ holds: Bool, _ name: String, _ found: @autoclosure () -> some CustomStringConvertible,
    _ expected: @autoclosure () -> String
  ) throws(DetectionError) {
    guard holds else {
      throw DetectionError(
        .field(name: name, found: found().description, expected: expected()))
    }
  }
}
