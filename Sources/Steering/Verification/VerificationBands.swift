import SAE

/// What counts as a load that looks right; `docs/verify.md` explains each number.
public enum VerificationBands {
  /// FVU above which a dictionary explains too little to be right.
  public static let largestFVU = 0.6
  /// How far, as a factor, L0 may be from what was declared.
  public static let l0Factor = 1.5
  /// How far, as a share, FVU may be from what was declared; `fvuSlack` is allowed beside it.
  public static let fvuShare = 0.25
  /// How far FVU may be from what was declared in any case.
  public static let fvuSlack = 0.02
  /// What an alternative must take away of the distance, as a share, to count as better.
  public static let betterShare = 0.3
  /// What it must take away in any case.
  public static let betterAmount = 0.05
  /// Share of the variance that few rows may hold before they decide the figures alone.
  public static let largestLeftOutVariance = 0.25
  /// The rows that count as few, as a share of all.
  public static let fewRows = 0.1
  /// Ordinary rows below which a verdict is said to be uncertain.
  public static let fewestRows = 32
  /// How many times the load's L0 a variant may have and still speak against a load that is within the
  /// bands and of which no L0 was declared: more active features always fit better.
  public static let largestDenser = 1.5
  /// The factor on rows or reconstructions within which a better fit is no mistake of the load:
  /// an L1 penalty shrinks activations by about as much.
  public static let shrinkage = 2.0
  /// Difference in distance that does not tell a fitted number from none.
  static let tie = 0.01
  /// Distance that each octave of L0 outside its band costs.
  static let octaveCost = 0.1
  /// FVU beyond which worse is not told from bad.
  static let cappedFVU = 4.0

  /// Factor by which L0 is outside its band, in octaves; without a declaration only a code denser than
  /// half the row's width is outside.
  static func octavesOff(_ fit: VerificationFit, _ expected: ExpectedFit, width: Int) -> Double {
    guard let l0 = fit.l0, l0 > 0 else { return 10 }
    let low = expected.l0.map { $0.lowerBound / l0Factor } ?? 0
    let high = expected.l0.map { $0.upperBound * l0Factor } ?? max(1, Double(width) / 2)
    var ratio = 1.0
    if l0 < low { ratio = low / l0 }
    if l0 > high { ratio = l0 / high }
    var octaves = 0.0
    while ratio >= 2, octaves < 10 {
      ratio /= 2
      octaves += 1
    }
    return min(10, octaves + (ratio - 1))
  }

  /// One number to rank by: FVU, capped, plus what L0 outside its band costs; lower is better.
  static func distance(
    _ fit: VerificationFit, _ expected: ExpectedFit, width: Int
  ) -> Double {
    min(fit.fvu ?? cappedFVU, cappedFVU)
      + octaveCost * octavesOff(fit, expected, width: width)
  }

  /// What is outside the bands, in words; empty when nothing is.
  static func complaints(
    _ fit: VerificationFit, _ expected: ExpectedFit, width: Int, checksFVU: Bool = true
  ) -> [String] {
    var found: [String] = []
    if checksFVU {
      if let fvu = fit.fvu {
        if fvu > largestFVU {
          found.append("FVU \(Decimal.fixed(fvu, 3)) is above \(Decimal.fixed(largestFVU, 1))")
        }
        if let declared = expected.fvu, abs(fvu - declared) > fvuShare * declared + fvuSlack {
          found.append(
            "FVU \(Decimal.fixed(fvu, 3)) is far from the declared \(Decimal.fixed(declared, 3))")
        }
      } else {
        found.append("FVU is undefined: the reconstruction is not finite")
      }
    }
    if let value = fit.l0, octavesOff(fit, expected, width: width) > 0 {
      let l0 = Decimal.fixed(value, 1)
      if let declared = expected.l0 {
        found.append("L0 \(l0) is far from the declared \(Decimal.range(declared))")
      } else if value > 0 {
        found.append("L0 \(l0) is not sparse: above half of the row's width, \(width)")
      } else {
        found.append("no feature is active on any row")
      }
    }
    return found
  }

  /// Whether a factor is as close to 1 as shrinkage in training is.
  static func isShrinkage(_ factor: Double) -> Bool {
    factor <= shrinkage && factor >= 1 / shrinkage
  }

  /// Whether `after` is better than `before` by more than rows and chance explain.
  static func isBetter(_ after: Double, than before: Double) -> Bool {
    before - after >= max(betterAmount, betterShare * before)
  }
}

/// Numbers in messages, without Foundation.
package enum Decimal {
  /// `value` with `digits` decimals, rounded to nearest.
  package static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "\(value)" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let units = Int((abs(value) * Double(scale)).rounded())
    var fraction = String(units % scale)
    while fraction.count < digits { fraction = "0" + fraction }
    let sign = value < 0 && units > 0 ? "-" : ""
    return sign + String(units / scale) + (digits > 0 ? "." + fraction : "")
  }

  /// `value` with `count` significant digits, such as `0.004336` or `231`.
  package static func significant(_ value: Double, _ count: Int = 4) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    var scale = 1.0
    var magnitude = abs(value)
    var limit = 1.0
    for _ in 1..<count { limit *= 10 }
    while magnitude >= limit * 10, scale > 1e-300 {
      magnitude /= 10
      scale /= 10
    }
    while magnitude < limit, scale < 1e300 {
      magnitude *= 10
      scale *= 10
    }
    let rounded = (value * scale).rounded() / scale
    let text = "\(rounded)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// `32`, or `10 to 20`.
  package static func range(_ range: ClosedRange<Double>) -> String {
    let low = significant(range.lowerBound)
    return range.lowerBound == range.upperBound ? low : "\(low) to \(significant(range.upperBound))"
  }
}
