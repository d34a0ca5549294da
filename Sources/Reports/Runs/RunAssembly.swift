import Formats
import Steering
import Tensors

/// Makes a run's results of its parts: one pass over a shard to check it, one to write it.
package struct RunAssembly {
  private let folder: RunFolder
  private let request: RunRequest
  private let identity: String
  private let place: (_ shard: Int) -> RunFolder

  /// - Parameters:
  ///   - folder: Where results go.
  ///   - place: The folder that holds a shard's parts.
  package init(
    into folder: RunFolder, _ request: RunRequest, _ identity: String,
    place: @escaping (_ shard: Int) -> RunFolder
  ) {
    self.folder = folder
    self.request = request
    self.identity = identity
    self.place = place
  }

  /// Writes the results and, once they stand, removes the folder's own parts.
  package func finish() throws(SteeringError) -> RunOutcome {
    let table = DocumentTable(structures: request.detector.structures)
    var counter = SummaryCounter(structures: request.detector.structures, rate: request.rate)
    var lines: [SummaryCounter.ShardLine] = []
    var seen = DocumentNames()
    let verdicts = try folder.create(RunState.verdicts)
    let documents = try folder.create(RunState.table)
    var digests = (verdicts: Digest(), documents: Digest())
    try append(Array(table.header.utf8), to: documents, &digests.documents)
    for (index, shard) in request.shards.enumerated() {
      let line = try check(index, shard.name, &seen)
      lines.append(line)
      guard line.error == nil else { continue }
      try forEachPart(of: index) { part throws(SteeringError) in
        try append(part.body, to: verdicts, &digests.verdicts)
        var rows = ""
        for line in part.body.split(separator: UInt8(ascii: "\n")) {
          guard let record = DocumentRecord(line: line) else { throw damaged(index) }
          counter.add(record)
          rows += table.line(record)
        }
        try append(Array(rows.utf8), to: documents, &digests.documents)
      }
    }
    let summary = counter.summary(of: request.detector, shards: lines)
    let text = Array((summary.serialised(pretty: true) + "\n").utf8)
    try folder.commit(verdicts)
    try folder.commit(documents)
    try folder.write(text, to: RunState.summary)
    let state = RunState(folder, request, identity)
    try state.write(
      .done,
      results: [
        RunState.verdicts: .string(
          Hexadecimal.text(digests.verdicts.finish())),
        RunState.table: .string(Hexadecimal.text(digests.documents.finish())),
        RunState.summary: .string(DigestText.of(text)),
        "flagged": .integer(Int64(counter.flaggedCount)),
      ])
    try state.clean()
    return RunOutcome(folder: folder.path, summary: summary, flagged: counter.flaggedCount)
  }

  /// What becomes of a shard: whether its parts are all there, and its documents new.
  private func check(
    _ index: Int, _ name: String, _ seen: inout DocumentNames
  ) throws(SteeringError) -> SummaryCounter.ShardLine {
    var line = SummaryCounter.ShardLine(name: name, documentCount: 0, rowCount: 0, error: nil)
    if let reason = try RunParts(place(index), identity).skip(of: index) {
      line.error = reason
      return line
    }
    var duplicate: (document: String, shard: Int)?
    var added: [DocumentNames.Key] = []
    try forEachPart(of: index) { part throws(SteeringError) in
      line.documentCount += part.header.documentCount
      line.rowCount = part.header.rowCount ?? 0
      for text in part.body.split(separator: UInt8(ascii: "\n")) where duplicate == nil {
        let id = DocumentRecord.idBytes(line: text)
        let key = DocumentNames.Key(Array(id))
        if let shard = seen.add(key, shard: index) {
          duplicate = (String(decoding: id.dropFirst().dropLast(), as: UTF8.self), shard)
        } else {
          added.append(key)
        }
      }
    }
    guard let duplicate else { return line }
    seen.remove(added)
    let other =
      duplicate.shard == index
      ? "appears twice" : "is in \(request.shards[duplicate.shard].name) too"
    return SummaryCounter.ShardLine(
      name: name, documentCount: 0, rowCount: 0,
      error: "document '\(MessageText.plain(duplicate.document))' \(other), expected a name of its"
        + " own; the \(line.documentCount) documents of this shard are left out")
  }

  private func forEachPart(
    of shard: Int, _ body: (RunPart) throws(SteeringError) -> Void
  ) throws(SteeringError) {
    let parts = RunParts(place(shard), identity)
    var chunk = 0
    while true {
      guard let part = try parts.read(shard: shard, chunk: chunk) else { throw damaged(shard) }
      try body(part)
      if part.header.isLast { return }
      chunk += 1
    }
  }

  private func damaged(_ shard: Int) -> SteeringError {
    SteeringError(
      .inputOutput,
      "\(place(shard).path): the parts of shard \(request.shards[shard].name) are not as they were"
        + " written; start the run again")
  }

  private func append(
    _ bytes: [UInt8], to file: OutputFile, _ digest: inout Digest
  ) throws(SteeringError) {
    digest.update(raw: bytes.span.bytes)
    try SteeringError.rendering { () throws(FormatError) in try file.write(bytes) }
  }
}

/// Which documents have been seen, by 128 bits of SHA-256 of their names.
struct DocumentNames {
  struct Key: Hashable {
    let high: UInt64
    let low: UInt64

    init(_ name: [UInt8]) {
      var digest = Digest()
      digest.update(raw: name.span.bytes)
      let bytes = digest.finish()
      high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
      low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  private var shards: [Key: Int32] = [:]

  /// Remembers a name; the shard that it is in already, where it is.
  mutating func add(_ key: Key, shard: Int) -> Int? {
    if let other = shards[key] { return Int(other) }
    shards[key] = Int32(truncatingIfNeeded: shard)
    return nil
  }

  /// Forgets names.
  mutating func remove(_ keys: [Key]) {
    for key in keys { shards[key] = nil }
  }
}
