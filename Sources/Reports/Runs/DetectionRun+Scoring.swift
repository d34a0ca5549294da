import Detector
import Formats
import Steering

extension DetectionRun {
  /// Scores one shard into parts, going on after those that are there.
  ///
  /// - Throws: What keeps parts from being written. What is wrong with the shard is written as a mark.
  ///
  /// - Parameters:
  ///   - leftovers: Names of the parts that the shard had when the run was started.
  func score(
    shard index: Int, leftovers: [String], progress: (Double) -> Void
  ) throws(SteeringError) {
    let parts = RunParts(folder, identity)
    if try parts.skip(of: index) != nil {
      try parts.remove(leftovers)
      return
    }
    let finished = try parts.finished(shard: index)
    if finished.last?.isLast == true { return }
    let kept = Set((0..<finished.count).map { RunPart.name(shard: index, chunk: $0) })
    try parts.remove(leftovers.filter { !kept.contains($0) })
    guard let failure = try score(shard: index, after: finished, into: parts, progress) else {
      return
    }
    let scored = failure.documentCount
    var reason = readable(failure.error, shard: index)
    if scored > 0 {
      reason += "; the \(scored) document\(scored == 1 ? "" : "s") before it are left out too"
    }
    try parts.write(skip: reason, shard: index)
    try parts.remove((0..<failure.partCount).map { RunPart.name(shard: index, chunk: $0) })
  }

  /// What is wrong with a shard, and how many documents and parts came before it.
  private struct ShardFailure {
    var error: SteeringError
    var documentCount: Int
    var partCount: Int
  }

  /// The failure of a shard that is what is wrong; anything else may be otherwise the next time, and
  /// stops the run, which then goes on from here.
  private func failure(
    _ error: SteeringError, documents: Int, parts: Int
  ) throws(SteeringError) -> ShardFailure {
    switch error.code {
    case .malformedFile, .nonFinite, .shapeMismatch:
      return ShardFailure(error: error, documentCount: documents, partCount: parts)
    default: throw error
    }
  }

  private func score(
    shard index: Int, after finished: [RunPart.Header], into parts: RunParts,
    _ progress: (Double) -> Void
  ) throws(SteeringError) -> ShardFailure? {
    let stream: any DocumentStream
    do throws(SteeringError) {
      try checkDigests(shard: index)
      stream = try work.open(paths[index], defaultName(ofShard: index))
    } catch {
      return try failure(error, documents: 0, parts: finished.count)
    }
    let known = finished.reduce(0) { $0 + $1.documentCount }
    var header = RunPart.Header(
      run: identity, shard: index, chunk: finished.count, firstDocument: known, documentCount: 0,
      rowCount: nil)
    var body: [UInt8] = []
    var count = 0
    while true {
      let line: String?
      do throws(SteeringError) {
        let document = try stream.next()
        if document != nil, count < known {
          count += 1
          continue
        }
        line = try document.map { (document) throws(SteeringError) in
          try text(of: document, shard: index)
        }
      } catch {
        return try failure(error, documents: count, parts: header.chunk)
      }
      guard let line else { break }
      count += 1
      body += Array(line.utf8)
      header.documentCount += 1
      if header.documentCount >= options.documentsPerPart || body.count >= bytesPerPart {
        try parts.write(RunPart(header, body: body))
        header.chunk += 1
        header.firstDocument += header.documentCount
        header.documentCount = 0
        body = []
      }
      if stream.rowCount > 0 { progress(Double(stream.rowsRead) / Double(stream.rowCount)) }
    }
    guard count >= known else {
      throw SteeringError(
        .inputOutput,
        "\(paths[index]): ends after \(count) documents, expected \(known) or more as the run found"
          + " before; remove the folder to start afresh")
    }
    header.rowCount = stream.rowCount
    try parts.write(RunPart(header, body: body))
    return nil
  }

  private func text(
    of document: DocumentCodes, shard: Int
  ) throws(SteeringError) -> String {
    var verdict = try work.judge(document, options.localisation == .all)
    var isLocalised = options.localisation == .all
    if options.localisation == .flagged, verdict.isFlagged {
      verdict = try work.judge(document, true)
      isLocalised = true
    }
    try VerdictCheck.check(verdict)
    let line = VerdictText.text(
      verdict, of: document, shard: request.shards[shard].name, localised: isLocalised)
    try VerdictCheck.check(line: line, verdict)
    return line
  }

  /// What a shard's documents without a name are called after: nil for its file name, which is the usual,
  /// its path where several shards have one file name.
  private func defaultName(ofShard index: Int) -> String? {
    let path = paths[index]
    guard request.shards[index].name != FileSystem.name(of: path) else { return nil }
    return ShardName.withoutSuffix(path, isFolder: ShardName.isFolder(path))
  }

  /// Compares the shard's bytes with the digests that are listed for it.
  private func checkDigests(shard index: Int) throws(SteeringError) {
    let shard = request.shards[index]
    let documents = ShardName.documentsPath(beside: paths[index])
    for (path, expected) in [(paths[index], shard.digest), (documents, shard.documentsDigest)] {
      guard let expected else { continue }
      let found = try SteeringError.rendering { () throws(FormatError) in
        try DigestText.of(file: path)
      }
      guard found == expected else {
        throw SteeringError(
          .malformedFile,
          "\(path): SHA-256 is \(found.prefix(16))…, expected \(expected.prefix(16))… from the list of"
            + " digests")
      }
    }
  }

  /// The message without the shard's folder, so that results do not depend on where shards lie.
  private func readable(_ error: SteeringError, shard index: Int) -> String {
    guard paths[index].contains("/") else { return error.message }
    let folder = FileSystem.join(FileSystem.split(paths[index]).directory, "")
    return error.message.replacing(folder, with: "")
  }
}
