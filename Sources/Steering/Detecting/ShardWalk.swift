import Detector

/// What was seen on a way through the documents of shards.
struct ShardWalk {
  /// Documents that were left out for their split.
  private(set) var otherSplitCount = 0
  /// Tokens of the documents that were taken, by their use.
  private(set) var tokens = TokenCounts()

  /// Hands the documents of `shards` to `add`, in their order, but for those whose split is not `taken`.
  ///
  /// - Parameters:
  ///   - open: Opens a shard; each one twice, for how much there is is known before any of it is encoded, and a
  ///     shard that cannot be opened costs nothing then.
  ///   - progress: Called now and then with the rows that are done and all rows.
  /// - Throws: what `open` and its reader throw; what `add` throws, with the shard.
  init(
    _ shards: [String], open: (String) throws(SteeringError) -> DocumentReader,
    taken: (String?) -> Bool, progress: (Int, Int) -> Void,
    add: (DocumentCodes) throws(DetectionError) -> Void
  ) throws(SteeringError) {
    var total = 0
    for shard in shards { total += try open(shard).rowCount }
    var done = 0
    for shard in shards {
      let reader = try open(shard)
      while let document = try reader.next() {
        progress(done + reader.rowsRead, total)
        guard taken(document.split) else {
          otherSplitCount += 1
          continue
        }
        do throws(DetectionError) {
          try add(document)
        } catch {
          throw SteeringError(error).inFile(shard)
        }
        tokens.add(document.counts)
      }
      done += reader.rowCount
    }
  }
}
