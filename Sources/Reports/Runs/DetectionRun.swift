import Detector
import Formats
import Steering

/// Scores every document of many shards into a folder, in constant memory, and survives being killed.
///
/// While it runs, the folder holds `run.json`, which says what the run is, and `parts/` with a file for
/// each few hundred documents, written whole or not at all. A run that is started again on its folder
/// goes on after the last part. At the end `verdicts.jsonl`, `documents.csv` and `summary.json` are put
/// in place and the parts removed; their bytes depend neither on interruptions nor on threads.
///
/// A shard that holds something wrong is left out whole, with the reason in the summary. What may be
/// otherwise the next time, such as a disk that does not answer, stops the run instead.
///
/// Memory: a part, and about 32 bytes for each document's name, so that none appears twice.
/// Thread rule: one thread at a time; one process per folder, which a lock sees to.
public final class DetectionRun {
  /// Of which documents tokens and contributions are written.
  public enum Localisation: String, Sendable, CaseIterable {
    /// Of flagged documents.
    case flagged
    /// Of every document.
    case all
    /// Of none.
    case none
  }

  /// What a run may be told.
  public struct Options: Sendable {
    /// The false-alarm rate that flags, above 0 and below 1.
    public var rate = Verdict.defaultRate
    /// Of which documents tokens and contributions are written.
    public var localisation = Localisation.flagged
    /// Documents of a part; how much a kill can cost, results do not depend on it.
    public var documentsPerPart = 512
    /// Threads that share the encoding; results do not depend on it.
    public var workers = 1
    /// Which share of the shards to score: every `count`-th, `index` from 1; nil for all.
    public var part: (index: Int, count: Int)?
    /// A list of digests, as `sha256sum` writes it; nil for `SHA256SUMS` beside a shard, if it is there.
    public var digests: String?
    /// Whether codes without norms are scored under a detector that leaves out sinks.
    public var allowsUnknownNorms = false

    /// The usual.
    public init() {}
  }

  /// How far a run has come, in bytes of its shards.
  public typealias Progress = (_ done: Int, _ total: Int) -> Void

  let folder: RunFolder
  let request: RunRequest
  let paths: [String]
  let options: Options
  let work: RunWork
  /// Digest of the request.
  let identity: String
  /// Bytes of a part after which it ends early, so that long documents need no more memory.
  package var bytesPerPart = 8 << 20
  /// Called before every operation that changes a file; tests make it throw.
  package var beforeChange: () throws(SteeringError) -> Void {
    get { folder.beforeChange }
    set { folder.beforeChange = newValue }
  }

  /// A run over `shards`, which are files, with whatever opens and scores them.
  ///
  /// - Parameters:
  ///   - detectorDigest: SHA-256 of the detector's document.
  ///   - dictionaryDigest: What tells the dictionary from others; nil for codes.
  package init(
    shards: [String], detector: FittedDetector, detectorDigest: String, dictionaryDigest: String?,
    options: Options = Options(), folder: String, work: RunWork
  ) throws(SteeringError) {
    try Self.check(options, shards)
    let names = Self.names(of: shards)
    let listed = try Self.digests(for: shards, options.digests)
    var stamped: [RunRequest.Shard] = []
    for (index, path) in shards.enumerated() {
      let documents = ShardName.documentsPath(beside: path)
      let stamps = try SteeringError.rendering { () throws(FormatError) in
        (
          shard: try FileStamp(path: path),
          documents: try FileSystem.kind(documents) == nil ? nil : try FileStamp(path: documents)
        )
      }
      stamped.append(
        RunRequest.Shard(
          name: names[index], stamp: stamps.shard, documents: stamps.documents,
          digest: listed[index].shard,
          documentsDigest: listed[index].documents))
    }
    request = RunRequest(
      detector: RunDetector(detector, digest: detectorDigest), dictionary: dictionaryDigest,
      rate: options.rate, localisation: options.localisation,
      allowsUnknownNorms: options.allowsUnknownNorms,
      part: options.part.map { RunRequest.Part(index: $0.index, count: $0.count) },
      shards: stamped)
    identity = request.identity
    paths = shards
    self.options = options
    self.work = work
    self.folder = try RunFolder(folder)
  }

  /// Scores what is not scored yet and puts the results in place.
  ///
  /// - Throws: `invalidArgument` when the folder holds another run or something else; `inputOutput`. What
  ///   is wrong with a shard is not thrown: ``RunOutcome/skipped`` says it.
  public func run(progress: Progress = { _, _ in }) throws(SteeringError) -> RunOutcome {
    let state = RunState(folder, request, identity)
    if let finished = try state.begin() { return finished }
    try folder.makeFolder(RunState.parts)
    let leftovers = try RunParts(folder, identity).sweep()
    let total = request.shards.reduce(0) { $0 + ($1.stamp?.byteCount ?? 0) }
    var done = 0
    for index in paths.indices {
      let size = request.shards[index].stamp?.byteCount ?? 0
      if isMine(index) {
        let start = done
        let names = leftovers[RunPart.prefix(shard: index)] ?? []
        try score(shard: index, leftovers: names) { share in
          progress(start + Int(share * Double(size)), total)
        }
      }
      done += size
      progress(done, total)
    }
    guard request.part == nil else { return try state.finishPart() }
    return try RunAssembly(into: folder, request, identity) { _ in self.folder }.finish()
  }

  private func isMine(_ shard: Int) -> Bool {
    request.part.map { shard % $0.count == $0.index - 1 } ?? true
  }

  private static func check(_ options: Options, _ shards: [String]) throws(SteeringError) {
    guard !shards.isEmpty else {
      throw SteeringError(.invalidArgument, "there are no shards, expected at least one")
    }
    guard shards.count <= RunRequest.shardLimit else {
      throw SteeringError(
        .invalidArgument,
        "there are \(shards.count) shards, expected at most \(RunRequest.shardLimit)")
    }
    guard options.rate > 0, options.rate < 1 else {
      throw SteeringError(
        .invalidArgument, "the rate is \(options.rate), expected more than 0 and less than 1")
    }
    guard options.documentsPerPart > 0 else {
      throw SteeringError(
        .invalidArgument,
        "documents of a part are \(options.documentsPerPart), expected 1 or more")
    }
    if let part = options.part {
      guard RunRequest.Part.isPossible(part.index, of: part.count) else {
        throw SteeringError(
          .invalidArgument,
          "the part is \(part.index) of \(part.count), expected 1 up to the number of parts")
      }
    }
    var seen: [String: String] = [:]
    for path in shards {
      let place = try SteeringError.rendering { () throws(FormatError) in
        try FileSystem.absolute(path)
      }
      if let other = seen.updateValue(path, forKey: place) {
        throw SteeringError(.invalidArgument, "\(path) is given twice, also as \(other)")
      }
    }
  }

  /// File names; paths where several shards have one name.
  private static func names(of shards: [String]) -> [String] {
    let names = shards.map { FileSystem.name(of: $0) }
    var counts: [String: Int] = [:]
    for name in names { counts[name, default: 0] += 1 }
    return zip(shards, names).map { counts[$1] == 1 ? $1 : $0 }
  }

  /// What lists of digests say of each shard and its documents file.
  private static func digests(
    for shards: [String], _ given: String?
  ) throws(SteeringError) -> [(shard: String?, documents: String?)] {
    var lists: [String: DigestList] = [:]
    if let given { lists[""] = try DigestList(path: given) }
    var found: [(shard: String?, documents: String?)] = []
    for shard in shards {
      let folder = given == nil ? FileSystem.split(shard).directory : ""
      if lists[folder] == nil {
        let path = FileSystem.join(folder, DigestList.fileName)
        let kind = try SteeringError.rendering { () throws(FormatError) in
          try FileSystem.kind(path)
        }
        guard kind == .other else {
          found.append((nil, nil))
          continue
        }
        lists[folder] = try DigestList(path: path)
      }
      let digest = try lists[folder]?.digest(of: shard)
      if let given, digest == nil {
        throw SteeringError(
          .invalidArgument, "\(given) has no digest of \(shard), expected one of every shard")
      }
      found.append((digest, try lists[folder]?.digest(of: ShardName.documentsPath(beside: shard))))
    }
    return found
  }
}
