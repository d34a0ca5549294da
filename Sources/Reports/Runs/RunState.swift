import Formats
import Steering

/// `run.json`: what a folder's run is, and how far it is.
package struct RunState {
  package static let file = "run.json"
  package static let parts = "parts"
  package static let verdicts = "verdicts.jsonl"
  package static let table = "documents.csv"
  package static let summary = "summary.json"
  /// The results, in the order in which they are put in place.
  package static let results = [verdicts, table, summary]

  /// How far a run is.
  package enum Stage: String, Sendable {
    case running
    /// One part of several is scored: its parts wait to be merged.
    case scored
    case done
  }

  /// Limits on `run.json` and `summary.json`: what ``RunRequest/shardLimit`` shards and a detector's
  /// structures come to.
  private static let limits = JSONLimits(
    byteCount: Int(Int32.max), depth: 16, valueCount: 20_000_000, objectCount: 2_000_000)

  private let folder: RunFolder
  private let request: RunRequest
  private let identity: String

  package init(_ folder: RunFolder, _ request: RunRequest, _ identity: String) {
    self.folder = folder
    self.request = request
    self.identity = identity
  }

  /// Makes the folder this run's own; what it came to, where it is done already.
  ///
  /// - Parameters:
  ///   - ignoresTimes: Whether shards with other times of modification are the same, as for workers.
  /// - Throws: `invalidArgument` for a folder of another run, or of something else.
  package func begin(ignoresTimes: Bool = false) throws(SteeringError) -> RunOutcome? {
    guard let bytes = try folder.read(Self.file) else {
      try claim()
      return nil
    }
    guard let found = Self.parse(bytes) else {
      throw SteeringError(
        .malformedFile,
        "\(folder.file(Self.file)): not a run's document; remove the folder to start afresh")
    }
    let differences = request.differences(from: found.request)
    let isSame =
      ignoresTimes && found.request.identity == identity && found.request.part == request.part
    guard isSame || differences.isEmpty else {
      throw SteeringError(
        .invalidArgument,
        "\(folder.path): holds another run, which differs in \(MessageText.list(differences)); give"
          + " another folder, or remove this one to start afresh")
    }
    switch found.stage {
    case .running: return nil
    case .scored: return try finishPart()
    case .done: return try reopen(found.results)
    }
  }

  /// Writes how far the run is.
  package func write(_ stage: Stage, results: JSONValue = .null) throws(SteeringError) {
    let json: JSONValue = [
      "format": .string(ReportFormat.run), "stage": .string(stage.rawValue),
      "identity": .string(identity), "results": results, "request": request.json,
    ]
    try folder.write(Array((json.serialised(pretty: true) + "\n").utf8), to: Self.file)
  }

  /// Ends one part of several.
  package func finishPart() throws(SteeringError) -> RunOutcome {
    try write(.scored)
    let parts = RunParts(folder, identity)
    var outcome = RunOutcome(
      folder: folder.path, documentCount: 0, flaggedCount: 0, skipped: [], summary: nil)
    for (index, shard) in request.shards.enumerated()
    where request.part.map({ index % $0.count == $0.index - 1 }) ?? true {
      if let reason = try parts.skip(of: index) {
        outcome.skipped.append(RunOutcome.Skip(shard: shard.name, reason: reason))
      }
      for header in try parts.finished(shard: index) {
        outcome.documentCount += header.documentCount
      }
    }
    return outcome
  }

  /// A folder's run.
  package static func read(_ folder: RunFolder) throws(SteeringError) -> (RunRequest, Stage) {
    guard let bytes = try folder.read(file), let found = parse(bytes) else {
      throw SteeringError(
        .invalidArgument,
        "\(folder.path): holds no run, expected a folder that a run was written to")
    }
    return (found.request, found.stage)
  }

  private static func parse(
    _ bytes: [UInt8]
  ) -> (request: RunRequest, stage: Stage, results: JSONValue)? {
    guard let json = try? JSONValue.parse(bytes, limits: limits),
      json["format"]?.asString == ReportFormat.run,
      let stage = json["stage"]?.asString.flatMap(Stage.init(rawValue:)),
      let request = json["request"].flatMap(RunRequest.init(json:))
    else { return nil }
    return (request, stage, json["results"] ?? .null)
  }

  /// Takes an empty folder; what a killed process may have left of its first file goes.
  private func claim() throws(SteeringError) {
    let names = try folder.names()
    for name in names where isRest(name) { try folder.remove(name) }
    if let name = names.first(where: { !isRest($0) }) {
      throw SteeringError(
        .invalidArgument,
        "\(folder.path): holds \(MessageText.plain(name)) and no run, expected an empty folder or none"
      )
    }
    try write(.running)
  }

  private func isRest(_ name: String) -> Bool {
    name.hasSuffix(".tmp") && ([Self.file] + Self.results).contains { name.hasPrefix(".\($0).") }
  }

  /// A run that is done: its results must be what it wrote.
  private func reopen(_ results: JSONValue) throws(SteeringError) -> RunOutcome {
    for name in Self.results {
      let digest = try SteeringError.rendering { () throws(FormatError) in
        try DigestText.of(file: folder.file(name))
      }
      guard digest == results[name]?.asString else {
        throw SteeringError(
          .inputOutput,
          "\(folder.file(name)): has changed since the run wrote it; remove the folder to start afresh"
        )
      }
    }
    try clean()
    let summary = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.parse(
        ByteStream.readAll(
          path: folder.file(Self.summary), limit: Self.limits.byteCount,
          what: "bytes of the summary"), limits: Self.limits)
    }
    return RunOutcome(folder: folder.path, summary: summary, flagged: results["flagged"]?.asInt)
  }

  /// Removes what is not needed once the results stand.
  package func clean() throws(SteeringError) {
    try folder.removeFolder(Self.parts)
    for name in try folder.names() where isRest(name) { try folder.remove(name) }
  }
}

extension RunOutcome {
  /// What a summary says.
  init(folder: String, summary: JSONValue, flagged: Int?) {
    self.init(
      folder: folder, documentCount: summary["documents"]?.asInt ?? 0, flaggedCount: flagged ?? 0,
      skipped: (summary["shards"]?.asArray ?? []).compactMap { shard in
        guard let reason = shard["error"]?.asString, let name = shard["name"]?.asString else {
          return nil
        }
        return Skip(shard: name, reason: reason)
      }, summary: summary)
  }
}
