import Detector

extension WatermarkEvaluation {
  /// What a reader must know beside the tables.
  package var notes: [String] {
    nullNotes + uncalibratedNotes + missingNotes + textNotes
  }

  private var nullNotes: [String] {
    let names = Set(groups.flatMap { $0.detections.map(\.statistic) })
    var notes = names.subtracting(nulls.map(\.statistic)).sorted().map {
      "no unmarked text of the split null has the statistic '\($0)': no p-values"
    }
    for null in nulls {
      let fewest = null.counts.min() ?? 0
      if let rate = options.rates.first(where: { $0 < null.smallestP }) {
        notes.append(
          "'\(null.statistic)' has \(fewest) null texts of some length, too few for a rate of"
            + " \(Cells.percent(rate))")
      }
      notes.append(
        "'\(null.statistic)': cal z is at most \(Cells.number(null.largestZ, 2)) with"
          + " \(null.counts.max() ?? 0) null texts of a length")
      let spreads = zip(options.rates, null.trueRates).compactMap { rate, spread in
        spread.map {
          "\(Cells.interval($0, percentDigits: 2)) % at a nominal \(Cells.percent(rate))"
        }
      }
      guard !spreads.isEmpty else { continue }
      notes.append(
        "'\(null.statistic)': with \(fewest) null texts of a length the true false-alarm rate is, in 95 %"
          + " of such nulls, \(spreads.joined(separator: ", "))")
    }
    return notes
  }

  private var uncalibratedNotes: [String] {
    var carriers: [String: Int] = [:]
    var others: [String: Int] = [:]
    for group in groups {
      let isCarrier = [.marked, .attacked, .spoof].contains(group.role)
      for detection in group.detections
      where nulls.contains(where: { $0.statistic == detection.statistic }) {
        if isCarrier {
          carriers[detection.statistic, default: 0] += detection.flags.uncalibrated
        } else {
          others[detection.statistic, default: 0] += detection.flags.uncalibrated
        }
      }
    }
    func notes(_ counts: [String: Int], _ what: String, _ outcome: String) -> [String] {
      counts.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map {
        "\($0.value) \(what) texts with '\($0.key)' are shorter or longer than every null text, and"
          + " \(outcome)"
      }
    }
    return notes(carriers, "marked, attacked or forged", "count as not flagged")
      + notes(others, "other", "are left out of the rates")
  }

  private var missingNotes: [String] {
    groups.flatMap { group in
      let isCarrier = [.marked, .attacked, .spoof].contains(group.role)
      var name = "\(group.role.rawValue) texts of '\(group.method)'"
      if let strength = group.strength { name += " at strength \(Cells.strength(strength))" }
      if let attack = group.attack { name += " after '\(attack)'" }
      return group.detections.filter { $0.flags.missing > 0 }.map {
        "\($0.flags.missing) of \(group.count) \(name) have no '\($0.statistic)', and "
          + (isCarrier ? "count as not found" : "are left out of its rates")
      }
    }
  }

  private var textNotes: [String] {
    var notes: [String] = []
    if let commonPrompts {
      notes.append(
        "perplexity ratios of marked texts are over different prompts, of which all have"
          + " \(commonPrompts)")
    }
    if uncheckedTexts > 0 {
      notes.append(
        "\(uncheckedTexts) unmarked texts are not given: that none of them is both in the null and"
          + " judged is known by id, method and source alone")
    }
    if cutTexts > 0 {
      notes.append(
        "\(cutTexts) texts have more than \(WordStatistics.wordLimit) words: only so many of each"
          + " are counted")
    }
    return notes
  }
}
