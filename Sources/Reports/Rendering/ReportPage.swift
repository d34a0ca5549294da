import Detector
import Formats
import Steering

/// One HTML page about a run of a detector: what was flagged, how sure that is, and where in the text.
///
/// The page is one file that fetches nothing and runs from anywhere. It holds a row for every document and
/// the tokens of some; everything that it says comes from `summary.json` and `verdicts.jsonl`, read one
/// line at a time, so that memory does not grow with the run. The same run gives the same bytes.
public struct ReportPage: Sendable {
  /// What a page holds.
  public struct Options: Sendable {
    /// Documents whose tokens are shown: the highest of each structure, borderline ones, and some by chance.
    public var documentLimit: Int
    /// Tokens shown of one document; the rest is cut, and the page says so.
    public var tokenLimit: Int
    /// The page's title; nil names the detector.
    public var title: String?

    /// Options; those not given have their defaults.
    public init(documentLimit: Int = 200, tokenLimit: Int = 4_000, title: String? = nil) {
      self.documentLimit = documentLimit
      self.tokenLimit = tokenLimit
      self.title = title
    }
  }

  /// What was written.
  public struct Outcome: Sendable, Equatable {
    /// Documents in the table.
    public var documents: Int
    /// Documents with their tokens.
    public var shown: Int
    /// Size of the page.
    public var byteCount: Int
  }

  /// The most tokens that a page shows of one document: what a browser still lays out at once.
  package static let largestTokenLimit = 50_000

  private let folder: String
  private let options: Options
  private let summary: PageSummary
  private var structures: [String] { summary.structures }

  /// Opens the folder of a run and reads its summary.
  ///
  /// - Throws: `invalidArgument` for options out of range; `inputOutput` and `malformedFile`, naming the
  ///   file and the field, for a folder that holds no finished run.
  public init(run folder: String, options: Options = Options()) throws(SteeringError) {
    guard (0...100_000).contains(options.documentLimit) else {
      throw SteeringError(
        .invalidArgument,
        "the number of documents to show is \(options.documentLimit), expected 0 to 100000")
    }
    guard (1...Self.largestTokenLimit).contains(options.tokenLimit) else {
      throw SteeringError(
        .invalidArgument,
        "the token limit is \(options.tokenLimit), expected 1 to \(Self.largestTokenLimit)")
    }
    self.folder = folder
    self.options = options
    summary = try PageSummary(path: folder + "/summary.json")
  }

  /// Writes the page, which appears at `path` complete or not at all.
  ///
  /// - Throws: `malformedFile` for a line that does not fit the summary, naming line and field;
  ///   `inputOutput`.
  public func write(to path: String) throws(SteeringError) -> Outcome {
    let lines = try SteeringError.rendering { () throws(FormatError) in
      try LineReader.open(folder + "/verdicts.jsonl", limit: VerdictLine.longestLine)
    }
    let critical = -Normal.quantile(summary.rate)
    let output = try PageOutput(path)
    let template = PageTemplate(title: title)
    try output.write(template.head)
    try output.block("summary-data") { output throws(SteeringError) in
      try output.write(PageFigures.json(summary.json))
    }
    var names = PageNames()
    var sample = PageSample(
      limit: options.documentLimit, structureCount: structures.count,
      criticalZ: critical)
    let index = Dictionary(uniqueKeysWithValues: structures.enumerated().map { ($1, $0) })
    var count = 0
    try output.block("rows-data") { output throws(SteeringError) in
      try output.write("[")
      while let line = try Self.next(lines) {
        let place = "\(lines.path): line \(lines.lineNumber)"
        let verdict = try VerdictLine(line, structures: index, place: place)
        let row = PageRow.row(verdict, structureCount: structures.count, names: &names)
        try output.write((count == 0 ? "\n" : ",\n") + row)
        sample.add(verdict, index: count, range: lines.lineRange)
        count += 1
      }
      try output.write("]")
    }
    guard count == summary.documentCount else {
      throw SteeringError(
        .malformedFile,
        "\(lines.path): holds \(count) documents, expected \(summary.documentCount) as in summary.json"
      )
    }
    let choices = sample.choices()
    try output.block("names-data") { output throws(SteeringError) in
      try output.write(names.json(criticalZ: critical))
    }
    try output.block("samples-data") { output throws(SteeringError) in
      try output.write("[")
      for (place, choice) in choices.enumerated() {
        let bytes = try SteeringError.rendering { () throws(FormatError) in
          try lines.bytes(of: choice.range)
        }
        let verdict = try VerdictLine(
          bytes, structures: index, place: "\(lines.path): byte \(choice.range.lowerBound)")
        let text = try PageRow.sample(
          verdict, choice, structures: structures, tokenLimit: options.tokenLimit)
        try output.write((place == 0 ? "\n" : ",\n") + text)
      }
      try output.write("]")
    }
    try output.write(template.tail)
    let byteCount = try output.commit()
    return Outcome(documents: count, shown: choices.count, byteCount: byteCount)
  }

  private var title: String { options.title ?? "What \(summary.detector) found" }

  /// The next line that is not empty.
  private static func next(_ lines: LineReader) throws(SteeringError) -> [UInt8]? {
    try SteeringError.rendering { () throws(FormatError) in
      while let line = try lines.next() {
        if !line.isEmpty { return line }
      }
      return nil
    }
  }
}

/// Where a page's text goes: a file, through a buffer.
final class PageOutput {
  private let file: OutputFile
  private var buffer: [UInt8] = []

  init(_ path: String) throws(SteeringError) {
    file = try SteeringError.rendering { () throws(FormatError) in try OutputFile.create(path) }
  }

  func write(_ text: String) throws(SteeringError) {
    buffer += Array(text.utf8)
    if buffer.count > 1 << 18 { try flush() }
  }

  /// Writes a script element that holds data under a name.
  func block(
    _ name: String, _ body: (PageOutput) throws(SteeringError) -> Void
  ) throws(SteeringError) {
    try write("<script type=\"application/json\" id=\"\(name)\">")
    try body(self)
    try write("</script>\n")
  }

  /// Puts the file under its name and returns its size.
  func commit() throws(SteeringError) -> Int {
    try flush()
    let byteCount = file.position
    try SteeringError.rendering { () throws(FormatError) in try file.commit() }
    return byteCount
  }

  private func flush() throws(SteeringError) {
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    try SteeringError.rendering { () throws(FormatError) in try file.write(bytes) }
  }
}
