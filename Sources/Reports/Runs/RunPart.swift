import Formats

/// A piece of a run: verdict lines of neighbouring documents of one shard, and a header that proves them.
///
/// On disk: one line of JSON with the number of bytes that follow and their SHA-256, then those bytes.
package struct RunPart: Equatable, Sendable {
  /// What it is and where it belongs.
  package struct Header: Equatable, Sendable {
    /// Digest of the request that the run carries out.
    package var run: String
    /// The shard's place in the whole list.
    package var shard: Int
    /// The part's place in its shard.
    package var chunk: Int
    /// Documents of the shard before it.
    package var firstDocument: Int
    /// Its documents.
    package var documentCount: Int
    /// Rows of the shard where this is its last part.
    package var rowCount: Int?

    package init(
      run: String, shard: Int, chunk: Int, firstDocument: Int, documentCount: Int, rowCount: Int?
    ) {
      self.run = run
      self.shard = shard
      self.chunk = chunk
      self.firstDocument = firstDocument
      self.documentCount = documentCount
      self.rowCount = rowCount
    }

    /// Whether the shard ends with it.
    package var isLast: Bool { rowCount != nil }
  }

  package var header: Header
  /// Verdict lines, each with its newline.
  package var body: [UInt8]

  package init(_ header: Header, body: [UInt8]) {
    self.header = header
    self.body = body
  }

  /// The name of a part's file: sorted names are in order.
  package static func name(shard: Int, chunk: Int) -> String {
    "\(prefix(shard: shard))\(padded(chunk, 6)).part"
  }

  /// The name of the mark of a shard that is skipped.
  package static func skipName(shard: Int) -> String { "\(prefix(shard: shard))skip" }

  /// What the names of a shard's files begin with.
  package static func prefix(shard: Int) -> String { "\(padded(shard, 6))." }

  /// The file.
  package func bytes() -> [UInt8] {
    let json: JSONValue = [
      "format": .string(ReportFormat.part), "run": .string(header.run),
      "shard": .integer(Int64(header.shard)), "chunk": .integer(Int64(header.chunk)),
      "first_document": .integer(Int64(header.firstDocument)),
      "documents": .integer(Int64(header.documentCount)),
      "rows": header.rowCount.map { .integer(Int64($0)) } ?? .null,
      "bytes": .integer(Int64(body.count)), "sha256": .string(DigestText.of(body)),
    ]
    return Array(json.serialised().utf8) + [UInt8(ascii: "\n")] + body
  }

  /// A part from its file; nil where a byte is not as it was written.
  package init?(bytes: [UInt8]) {
    guard let end = bytes.prefix(4096).firstIndex(of: UInt8(ascii: "\n")),
      let json = try? JSONValue.parse(Array(bytes[..<end])),
      json["format"]?.asString == ReportFormat.part, let run = json["run"]?.asString,
      let shard = Self.count(json["shard"]), let chunk = Self.count(json["chunk"]),
      let first = Self.count(json["first_document"]), let documents = Self.count(json["documents"]),
      let count = json["bytes"]?.asInt, let digest = json["sha256"]?.asString,
      let rows = json["rows"], rows.isNull || Self.count(rows) != nil,
      bytes.count - end - 1 == count
    else { return nil }
    let body = Array(bytes[(end + 1)...])
    guard DigestText.of(body) == digest else { return nil }
    self.init(
      Header(
        run: run, shard: shard, chunk: chunk, firstDocument: first, documentCount: documents,
        rowCount: rows.asInt), body: body)
  }

  /// A count that others can be added to without overflow: of documents, of which a line each is stored,
  /// or of rows.
  private static func count(_ value: JSONValue?) -> Int? {
    value?.asInt.flatMap { (0...(1 << 40)).contains($0) ? $0 : nil }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
