import Detector

/// All texts of an evaluation in their groups.
struct GatheredTexts {
  /// The method whose texts others are compared with.
  static let plain = "none"

  typealias Key = WatermarkEvaluator.Key

  private let options: WatermarkEvaluation.Options
  private var groups: [Key: GroupedTexts] = [:]

  init(_ texts: [TakenText], _ options: WatermarkEvaluation.Options) {
    self.options = options
    for text in texts { groups[text.key, default: GroupedTexts()].add(text) }
  }

  func evaluation() throws(DetectionError) -> WatermarkEvaluation {
    var calibrated: [String: StatisticNull] = [:]
    for (name, values) in values(of: .unmarked, isNull: true) {
      calibrated[name] = try StatisticNull(
        values, minimum: options.minimumPerBucket, maximum: options.maximumBuckets)
    }
    let found = try orderedGroups(calibrated)
    let unmarked = groups.filter { $0.key.role == .unmarked }
    let isSplit = Set(unmarked.keys.map(\.isNull)).count == 2
    return WatermarkEvaluation(
      options: options, textCount: groups.values.reduce(0) { $0 + $1.count },
      commonPrompts: commonPrompts(), cutTexts: groups.values.reduce(0) { $0 + $1.cutCount },
      uncheckedTexts: isSplit ? unmarked.values.reduce(0) { $0 + $1.bareCount } : 0,
      nulls: calibrated.sorted { $0.key < $1.key }.map { name, null in
        null.summary(name, rates: options.rates)
      },
      groups: found, falseAlarms: falseAlarms(calibrated), frontiers: frontiers(of: found))
  }

  /// Nats per token of the texts that others are compared with, by prompt.
  private var plainNats: [String: [Double]] {
    groups.reduce(into: [:]) { all, group in
      guard group.key.role == .unmarked, group.key.method == Self.plain else { return }
      all.merge(group.value.nats, uniquingKeysWith: +)
    }
  }

  /// How many prompts all marked groups with a perplexity ratio have; nil where they have the same.
  private func commonPrompts() -> Int? {
    let plain = Set(plainNats.keys)
    let sets = Set(
      groups.filter { $0.key.role == .marked }.map { plain.intersection($0.value.nats.keys) }
        .filter { !$0.isEmpty })
    guard sets.count > 1, let first = sets.first else { return nil }
    return sets.reduce(first) { $0.intersection($1) }.count
  }

  /// Values of the texts of one role, by statistic.
  private func values(
    of role: ScoredText.Role, isNull: Bool = false
  ) -> [String: [StatisticNull.Value]] {
    groups.reduce(into: [:]) { all, group in
      guard group.key.role == role, group.key.isNull == isNull else { return }
      all.merge(group.value.values, uniquingKeysWith: +)
    }
  }

  private func orderedGroups(
    _ nulls: [String: StatisticNull]
  ) throws(DetectionError) -> [WatermarkEvaluation.Group] {
    let unmarked = values(of: .unmarked)
    let plain = plainNats
    var found: [WatermarkEvaluation.Group] = []
    for (key, members) in groups.sorted(by: { $0.key < $1.key }) {
      var detections: [WatermarkEvaluation.Detection] = []
      for (name, values) in members.values.sorted(by: { $0.key < $1.key }) where !key.isNull {
        let (null, missing) = (nulls[name], members.count - values.count)
        let isCarrier = [.marked, .attacked, .spoof].contains(key.role)
        detections.append(
          WatermarkEvaluation.Detection(
            statistic: name,
            flags: isCarrier
              ? StatisticNull.found(values, missing: missing, null: null, rates: options.rates)
              : StatisticNull.alarms(values, missing: missing, null: null, rates: options.rates),
            area: key.role == .unmarked
              ? nil : try area(values.map(\.score), (unmarked[name] ?? []).map(\.score))))
      }
      let isPlain = key.role == .unmarked && key.method == Self.plain
      found.append(
        WatermarkEvaluation.Group(
          role: key.role, method: key.method, strength: key.strength, attack: key.attack,
          isNull: key.isNull, count: members.count,
          quality: members.quality(over: isPlain ? [:] : plain), detections: detections))
    }
    return found
  }

  private func area(
    _ positives: [Double], _ negatives: [Double]
  ) throws(DetectionError) -> WatermarkEvaluation.Area? {
    guard !positives.isEmpty, !negatives.isEmpty else { return nil }
    // Sorted, so that sums over texts do not depend on the order in which they came.
    let curve = try ROC(positives: positives.sorted(), negatives: negatives.sorted())
    return WatermarkEvaluation.Area(
      value: curve.area, interval: curve.areaInterval(), negatives: negatives.count)
  }

  private func falseAlarms(
    _ nulls: [String: StatisticNull]
  ) -> [WatermarkEvaluation.FalseAlarms] {
    var found: [WatermarkEvaluation.FalseAlarms] = []
    for role in [ScoredText.Role.unmarked, .wrongKey] {
      for (name, values) in values(of: role).sorted(by: { $0.key < $1.key }) {
        let null = nulls[name]
        func add(_ source: String?, _ lengths: ClosedRange<Int>?) {
          let members = values.filter {
            (source == nil || $0.source == source) && (lengths?.contains($0.tokens) ?? true)
          }
          guard !members.isEmpty else { return }
          found.append(
            WatermarkEvaluation.FalseAlarms(
              statistic: name, role: role, source: source, lengths: lengths,
              flags: StatisticNull.alarms(members, null: null, rates: options.rates)))
        }
        add(nil, nil)
        let ranges = null?.ranges ?? []
        for source in Set(values.map(\.source)).sorted() {
          add(source, nil)
          if ranges.count > 1 { for range in ranges { add(source, range) } }
        }
      }
    }
    return found
  }

  private func frontiers(of groups: [WatermarkEvaluation.Group]) -> [Frontier] {
    struct Pair: Hashable {
      var method: String
      var statistic: String
    }
    var points: [Pair: [Frontier.Point]] = [:]
    for group in groups where group.role == .marked {
      for detection in group.detections {
        points[Pair(method: group.method, statistic: detection.statistic), default: []].append(
          Frontier.Point(
            strength: group.strength, found: detection.flags.shares[0],
            perplexity: group.quality.perplexity))
      }
    }
    return points.sorted {
      ($0.key.method, $0.key.statistic) < ($1.key.method, $1.key.statistic)
    }.map {
      Frontier(
        statistic: $0.key.statistic, method: $0.key.method, points: $0.value,
        target: options.target)
    }
  }
}

extension WatermarkEvaluator.Key: Comparable {
  private static let order: [ScoredText.Role] = [.marked, .unmarked, .attacked, .wrongKey, .spoof]

  /// By role, method, attack and strength; the null last.
  static func < (a: Self, b: Self) -> Bool {
    if a.role != b.role {
      return (order.firstIndex(of: a.role) ?? 0) < (order.firstIndex(of: b.role) ?? 0)
    }
    if a.method != b.method { return a.method < b.method }
    if a.attack != b.attack { return (a.attack ?? "") < (b.attack ?? "") }
    if a.strength != b.strength { return (a.strength ?? -.infinity) < (b.strength ?? -.infinity) }
    return !a.isNull && b.isNull
  }
}
