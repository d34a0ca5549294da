import Detector
import Formats
import SAE
import Tensors

/// What a shard holds.
public enum DocumentSource: Sendable {
  /// Residual rows, which the dictionary encodes.
  case rows(SparseDictionary)
  /// Codes that were made before: a file that `steerctl encode` wrote, or a folder of delphi's cache.
  ///
  /// Without a number of features, the file must say it. A file that names its dictionary must name
  /// `dictionary`, unless that is nil; delphi's cache names none, so that nothing can be checked there.
  case codes(featureCount: Int?, dictionary: String? = nil)
}

/// Reads a shard one document at a time: a file of rows or codes, and the documents file beside it.
///
/// A shard's tensor `documents` says which document each row belongs to, in ascending runs. Without it, each
/// line of the documents file says how many rows its document has (`rows`, or as many as it has `pieces`;
/// with neither, the rest of the file). Without a documents file the shard is one document.
///
/// Memory: one document's codes and a block of rows, whatever the number of documents.
/// Thread rule: one thread at a time.
public final class DocumentReader {
  /// The shard's file.
  public let path: String
  /// The shard's name, after which documents without an id are called: the file's, without folder and
  /// suffix, unless another was given.
  public let name: String
  /// Rows of the shard.
  public let rowCount: Int
  /// Documents that were read so far.
  public private(set) var documentCount = 0
  /// Rows that were read so far.
  public private(set) var rowsRead = 0
  /// Features of the dictionary that encoded the rows.
  public var featureCount: Int { blocks.featureCount }

  private let masking: Masking
  private let modelWidth: Int?
  private let keepsPieces: Bool
  private let blocks: any TokenBlocks
  private let lines: DocumentLines?
  private let columns: ShardColumns
  private let checkUnchanged: () throws(FormatError) -> Void
  private var block: TokenBlock?
  private var marks = ShardColumns.Marks()
  private var place = 0
  private var lastNumber: Int?

  /// Opens a shard.
  ///
  /// - Parameters:
  ///   - name: What documents without an id are called after; nil for the file's name. Shards of one file
  ///     name in several folders need others.
  ///   - masking: Which tokens are left out of every document.
  ///   - needsDenseMean: Whether each document's mean row over kept tokens is wanted; needs rows.
  ///   - keepsPieces: Whether documents keep their text; it is checked and identifies them either way.
  ///   - workers: Threads that share the encoding, 1 to 1024; codes are the same for any number.
  ///   - allowsUnknownNorms: Whether codes without norms may be read under a masking with a sink norm, so
  ///     that no sink is left out.
  /// - Throws: `malformedFile`, `shapeMismatch`, `inputOutput` naming the file; `invalidArgument` for
  ///   what does not go together.
  public init(
    _ shard: String, name: String? = nil, source: DocumentSource, masking: Masking,
    needsDenseMean: Bool = false,
    keepsPieces: Bool = true, workers: Int = 1, allowsUnknownNorms: Bool = false
  ) throws(SteeringError) {
    guard EncodeOptions.workerCounts.contains(workers) else {
      throw SteeringError(.invalidArgument, "workers is \(workers), expected 1 to 1024")
    }
    path = shard
    let isFolder = try SteeringError.rendering { () throws(FormatError) in
      try FileSystem.kind(shard) == .directory
    }
    self.name = name ?? ShardName.plain(shard, isFolder: isFolder)
    self.masking = masking
    self.keepsPieces = keepsPieces
    lines = try SteeringError.rendering { () throws(FormatError) in
      try DocumentLines(besideShard: shard, isFolder: isFolder)
    }
    switch source {
    case .rows(let dictionary):
      let file = try SteeringError.rendering { () throws(FormatError) in
        try ActivationFile.open(shard)
      }
      columns = try ShardColumns(shard, rowCount: file.rowCount, file.companion)
      blocks = try RowBlocks(
        file, dictionary, workers: workers, measuresNorms: masking.sinkNorm != nil)
      rowCount = file.rowCount
      modelWidth = needsDenseMean ? file.width : nil
      checkUnchanged = file.file.checkUnchanged
    case .codes(let featureCount, let dictionary):
      guard !needsDenseMean else {
        throw SteeringError(
          .invalidArgument, "\(shard): mean rows cannot be read from codes, expected residual rows")
      }
      let stored: any StoredCodes
      if isFolder {
        let cache = try DelphiBlocks(shard, featureCount: featureCount)
        columns = try ShardColumns(
          shard, rowCount: cache.rowCount, contextLength: cache.contextLength, cache.companion)
        stored = cache
      } else {
        let file = try CodeBlocks(shard, featureCount: featureCount, dictionary: dictionary)
        columns = try ShardColumns(shard, rowCount: file.rowCount, file.companion)
        stored = file
      }
      guard masking.sinkNorm == nil || stored.hasNorms || allowsUnknownNorms else {
        throw SteeringError(
          .invalidArgument,
          "\(shard): the codes come without norms, expected them for a detector that leaves out rows by"
            + " their norm, or leave to take every row")
      }
      blocks = stored
      rowCount = stored.rowCount
      modelWidth = nil
      checkUnchanged = stored.checkUnchanged
    }
  }

  /// The next document, or nil after the last.
  ///
  /// - Throws: `malformedFile` naming file and row or line; `nonFinite` naming file, row and column;
  ///   `inputOutput`. Nothing can be read after an error.
  public func next() throws(SteeringError) -> DocumentCodes? {
    guard try fill() else {
      try finish()
      return nil
    }
    let line = try nextLine()
    let number = try beginDocument(line)
    let id = line?.id ?? "\(name)#\(number)"
    // Its identity is known when it ends.
    var document = DocumentCodes(
      id: id, identity: DocumentIdentity(bits: 0), featureCount: blocks.featureCount)
    let start = rowsRead
    var digest = DocumentDigest()
    var sums = [Double](repeating: 0, count: modelWidth ?? 0)
    let wanted = columns.hasDocuments ? nil : line.flatMap { $0.rowCount ?? $0.pieces?.count }
    while document.tokenCount != wanted, try fill(), let block {
      if columns.hasDocuments, marks.documents[place] != number { break }
      try append(block, to: &document, &digest, &sums, line)
      place += 1
      rowsRead += 1
    }
    try check(document, line, wanted: wanted, from: start)
    document.identity = digest.finish(pieces: line?.pieces)
    if keepsPieces { document.pieces = line?.pieces }
    if let line {
      document.labels = line.labels
      document.pair = line.pair
      document.split = line.split
      document.source = line.source
    }
    if modelWidth != nil, document.counts.kept > 0 {
      let count = Double(document.counts.kept)
      document.denseMean = sums.map { Float($0 / count) }
    }
    documentCount += 1
    return document
  }

  /// Makes sure that the block holds the next row; false after the last.
  private func fill() throws(SteeringError) -> Bool {
    if let block, place < block.count { return true }
    block = try blocks.next()
    place = 0
    guard let block else { return false }
    marks = try columns.marks(block.first..<(block.first + block.count))
    return true
  }

  private func nextLine() throws(SteeringError) -> DocumentLine? {
    guard let lines else { return nil }
    let line = try SteeringError.rendering { () throws(FormatError) in try lines.next() }
    guard let line else {
      throw SteeringError(
        .malformedFile,
        "\(lines.path): ends after \(documentCount) documents, expected a line for row \(rowsRead)"
          + " of \(path)")
    }
    return line
  }

  /// The number of the document that starts at the next row.
  private func beginDocument(_ line: DocumentLine?) throws(SteeringError) -> Int {
    guard columns.hasDocuments else { return line?.number ?? documentCount }
    let number = marks.documents[place]
    if let lastNumber, number <= lastNumber {
      throw SteeringError(
        .malformedFile,
        "\(path): 'documents[\(rowsRead)]' is \(number) after \(lastNumber), expected ascending runs"
      )
    }
    lastNumber = number
    if let lines, let line, line.number != number {
      throw SteeringError(
        .malformedFile,
        "\(lines.place): 'document' is \(line.number.map { "\($0)" } ?? "missing"), expected \(number)"
          + " as in row \(rowsRead) of \(path)")
    }
    return number
  }

  private func append(
    _ block: TokenBlock, to document: inout DocumentCodes, _ digest: inout DocumentDigest,
    _ sums: inout [Double], _ line: DocumentLine?
  ) throws(SteeringError) {
    let range = block.offsets[place]..<block.offsets[place + 1]
    let features = block.features[range]
    let values = block.values[range]
    if columns.hasTokens {
      digest.update(token: marks.tokens[place])
    } else if line?.pieces == nil {
      digest.update(
        features: features, values: values, isUndefined: block.isUndefined[place])
    }
    var use = masking.use(isSpecial: marks.isSpecial(place), norm: block.norms?[place])
    if use == .kept, block.isUndefined[place] { use = .undefined }
    if use == .kept, modelWidth != nil { blocks.add(row: block.first + place, to: &sums) }
    document.append(
      features: features, values: values, use: use,
      segment: try segment(line, token: document.tokenCount))
  }

  private func segment(_ line: DocumentLine?, token: Int) throws(SteeringError) -> Int32 {
    guard let segments = line?.segments, token < segments.count else {
      return columns.hasSegments ? marks.segments[place] : 0
    }
    if columns.hasSegments, marks.segments[place] != segments[token], let lines {
      throw SteeringError(
        .malformedFile,
        "\(lines.place): 'segments[\(token)]' is \(segments[token]), expected"
          + " \(marks.segments[place]) as in row \(rowsRead) of \(path)")
    }
    return segments[token]
  }

  /// Throws unless the rows of a document are as many as its line says.
  private func check(
    _ document: DocumentCodes, _ line: DocumentLine?, wanted: Int?, from start: Int
  ) throws(SteeringError) {
    guard let line, let lines else { return }
    let found = document.tokenCount
    let counts = [
      ("rows", line.rowCount), ("pieces", line.pieces?.count), ("segments", line.segments?.count),
    ]
    for case (let field, let count?) in counts where count != found || count == 0 {
      throw SteeringError(
        .malformedFile,
        "\(lines.place): '\(field)' says \(count) rows, expected \(max(found, 1)) as from row \(start)"
          + " of \(path)")
    }
  }

  /// Throws unless documents file and shard end together.
  private func finish() throws(SteeringError) {
    if let lines {
      let rest = try SteeringError.rendering { () throws(FormatError) in try lines.next() }
      if rest != nil {
        throw SteeringError(
          .malformedFile,
          "\(lines.place): has no rows, expected \(documentCount) documents as in \(path)")
      }
    }
    try SteeringError.rendering { () throws(FormatError) in try checkUnchanged() }
  }
}
