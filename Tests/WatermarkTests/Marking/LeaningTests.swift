import Steering
import TestSupport
import Testing
import Watermark

@Suite struct LeaningTests {
  private static let slopes = (0..<40).map { Double($0 * 7 % 11) / 100 - 0.05 }

  /// +1, -1 or 0 for every entry, by key and document.
  private func steps(_ bank: WatermarkBank, _ key: WatermarkKey, _ name: String) throws -> [Double]
  {
    let choice = try bank.selection(key: key, document: .given(name))
    var steps = [Double](repeating: 0, count: bank.entries.count)
    for (entry, sign) in zip(choice.entries, choice.signs) { steps[entry] = Double(sign) }
    return steps
  }

  @Test func keysLeanAsThePublicChoicesDo() throws {
    let bank = try TestBank.costly(Self.slopes, draws: 16)
    let key = try testKey(bank: bank.fingerprint, documents: .given)
    let lean = bank.lean(count: key.count)
    let count = 3_000
    var sums = [Double](repeating: 0, count: lean.count)
    for number in 0..<count {
      for (entry, step) in try steps(bank, key, "text \(number)").enumerated() {
        sums[entry] += step
      }
    }
    // An entry is chosen with probability 1 at most: the standard error of a mean is below 1/√count.
    // The lean itself is of some 2 · 32,768 / 16 choices.
    let error = (1 / Double(count) + 8 / Double(1 << 15)).squareRoot()
    for entry in lean.indices {
      #expect(abs(sums[entry] / Double(count) - lean[entry]) < 4.5 * error, "entry \(entry)")
    }
    #expect(lean.contains { abs($0) > 0.1 })
  }

  /// What a reading is made of is as often alike another key's mark as opposed to it; whole marks are alike.
  @Test func readingsTellKeysApart() throws {
    let bank = try TestBank.costly(Self.slopes, draws: 16)
    let mine = try testKey(bank: bank.fingerprint, documents: .given)
    let other = try testKey(
      bank: bank.fingerprint, documents: .given, secret: [UInt8](repeating: 9, count: 32))
    let lean = bank.lean(count: mine.count)
    var whole: [Double] = []
    var read: [Double] = []
    for number in 0..<2_000 {
      let (v, u) = (
        try steps(bank, mine, "text \(number)"), try steps(bank, other, "text \(number)")
      )
      whole.append(zip(v, u).reduce(0) { $0 + $1.0 * $1.1 })
      read.append(v.indices.reduce(0) { $0 + (v[$1] - lean[$1]) * u[$1] })
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func error(_ values: [Double]) -> Double {
      let centre = mean(values)
      return (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }).squareRoot()
        / Double(values.count)
    }
    #expect(mean(whole) > 8 * error(whole))
    #expect(abs(mean(read)) < 4 * error(read))
  }

  @Test func nothingToChooseByLeansNowhere() throws {
    let zeros = [Double](repeating: 0, count: 40)
    #expect(try TestBank.costly(Self.slopes, draws: 1).lean(count: 7) == zeros)
    #expect(try TestBank.costly(zeros, draws: 16).lean(count: 7) == zeros)
  }

  @Test(arguments: [1, 7, 40]) func manyDrawsAndEntriesAreTaken(count: Int) throws {
    let bank = try TestBank.costly(Self.slopes, draws: WatermarkBank.drawLimit)
    let lean = bank.lean(count: count)
    #expect(lean.allSatisfy { (-1...1).contains($0) } && lean.contains { $0 != 0 })
    // Some are chosen in so few sets that f32 takes them for 0.
    let selection = try MarkSelection(entries: [3], signs: [1])
    for strength in [1, 1e-6] {
      let plan = try bank.replayPlan(of: selection, lean: lean, strength: strength)
      #expect(plan.interventions.contains { $0.feature == bank.entries[3].feature })
      #expect(plan.interventions.allSatisfy { Float($0.alpha) != 0 })
    }
    if count == 1 { #expect(lean.contains { $0 != 0 && Float($0) == 0 }) }
  }
}
