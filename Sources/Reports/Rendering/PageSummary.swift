import Formats
import Steering

/// A run's summary with every field that a page reads checked, so that no page is written that cannot draw.
struct PageSummary {
  let json: JSONValue
  let detector: String
  let rate: Double
  let documentCount: Int
  /// Their names, in order.
  let structures: [String]

  /// Bins of a histogram, and where they may lie: what can be drawn.
  private static let largestBinCount = 1_000
  private static let largestZ = 100.0

  /// Reads and checks `summary.json`.
  ///
  /// - Throws: `inputOutput`; `malformedFile` with the file and the field.
  init(path: String) throws(SteeringError) {
    json = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.read(path: path)
    }
    let summary = RunField(json, place: path)
    let format = try summary.text("format")
    guard format == ReportFormat.summary else {
      throw SteeringError(
        .malformedFile,
        "\(path): 'format' is \(MessageText.plain(format)), expected \(ReportFormat.summary)")
    }
    documentCount = try summary.member("documents").count()
    detector = try Self.detector(summary.member("detector"))
    rate = try Self.chance(summary.member("rate"))
    try summary.optional("combination")?.text()
    try Self.tokens(summary.member("tokens"))
    for limit in try summary.optional("limits")?.members() ?? [] { try limit.field.count() }
    structures = try Self.structures(summary.member("structures"))
    if let combined = try summary.optional("combined") {
      try combined.member("flagged").count()
      try combined.optional("share")?.share()
    }
    for shard in try summary.optional("shards")?.elements() ?? [] {
      try shard.text("name")
      try shard.text("status")
      try shard.optional("error")?.text()
    }
    try summary.member("failed_shards").count()
  }

  private static func detector(_ detector: RunField) throws(SteeringError) -> String {
    try detector.text("kind")
    if let dictionary = try detector.optional("dictionary"), dictionary.value.asString == nil {
      try dictionary.text("name")
    }
    return try detector.text("name")
  }

  /// A rate that shares are divided by.
  @discardableResult
  private static func chance(_ rate: RunField) throws(SteeringError) -> Double {
    guard try (Double.leastNormalMagnitude..<1).contains(rate.number()) else {
      throw rate.wrong("a number between 0 and 1")
    }
    return try rate.number()
  }

  private static func tokens(_ tokens: RunField) throws(SteeringError) {
    for name in ["kept", "special", "sink", "undefined"] { try tokens.member(name).count() }
  }

  private static func structures(_ list: RunField) throws(SteeringError) -> [String] {
    var names: [String] = []
    var seen: Set<String> = []
    for structure in try list.elements() {
      let name = try structure.text("name")
      guard seen.insert(name).inserted else {
        throw SteeringError(
          .malformedFile,
          "\(list.place): '\(structure.name).name' is \(MessageText.plain(name)) again, expected"
            + " distinct names")
      }
      names.append(name)
      try structure.member("scored").count()
      try structure.optional("tested")?.count()
      try structure.member("flagged").count()
      try structure.optional("share")?.share()
      if let interval = try structure.optional("interval") {
        try interval.interval()
        try structure.member("share").share()
      }
      try structure.member("flagged_bh").count()
      try chance(structure.member("expected"))
      try histogram(structure.member("z_histogram"))
      if let labelled = try structure.optional("labelled") { try Self.labelled(labelled) }
    }
    guard !names.isEmpty else {
      throw SteeringError(
        .malformedFile, "\(list.place): 'structures' is empty, expected at least one")
    }
    return names
  }

  private static func histogram(_ histogram: RunField) throws(SteeringError) {
    let lower = try histogram.member("lower")
    guard try abs(lower.number()) <= largestZ else {
      throw lower.wrong("\(-largestZ) to \(largestZ)")
    }
    let width = try histogram.member("width")
    guard try (0.001...10).contains(width.number()) else { throw width.wrong("0.001 to 10") }
    let counts = try histogram.member("counts")
    let bins = try counts.elements()
    guard (1...largestBinCount).contains(bins.count) else {
      throw SteeringError(
        .malformedFile,
        "\(counts.place): '\(counts.name)' has \(bins.count) elements, expected 1 to"
          + " \(largestBinCount)")
    }
    for bin in bins { try bin.count() }
  }

  private static func labelled(_ labelled: RunField) throws(SteeringError) {
    try labelled.member("with").count()
    try labelled.member("without").count()
    try labelled.member("auroc").share()
    try labelled.member("interval").interval()
    for point in try labelled.member("roc").elements() { try point.interval() }
    for rate in try labelled.member("tpr_at").elements() {
      try rate.member("fpr").share()
      try rate.member("tpr").share()
      try rate.member("interval").interval()
    }
  }
}
