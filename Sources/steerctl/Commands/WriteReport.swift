import ArgumentParser
import Reports
import Steering

/// `steerctl report`: a run of a detector as one page for people.
struct WriteReport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the page of a detector's run: one HTML file that opens anywhere.",
    discussion: """
      RUN is the folder that 'steerctl detect -o' wrote. The page has a row for every document, and the \
      tokens of some: the highest of each structure, borderline ones, and some by chance, as far as the \
      run localised them. How to read it: docs/reports.md.
      """)

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var folder: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where the page goes; - is standard output.", discussion: "Default: report.html in the run.",
      valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp("Documents whose tokens the page shows.", valueName: "n"))
  var documents = 200

  @Option(
    help: ArgumentHelp(
      "Tokens shown of one document, at most \(ReportPage.largestTokenLimit).", valueName: "n"))
  var tokens = 4_000

  @Option(help: ArgumentHelp("The page's title.", valueName: "text"))
  var title: String?

  func validate() throws {
    guard (0...100_000).contains(documents) else {
      throw ValidationError("--documents is \(documents), expected 0 to 100000")
    }
    guard (1...ReportPage.largestTokenLimit).contains(tokens) else {
      throw ValidationError(
        "--tokens is \(tokens), expected 1 to \(ReportPage.largestTokenLimit)")
    }
  }

  func run() throws {
    let page = try ReportPage(
      run: folder,
      options: .init(documentLimit: documents, tokenLimit: tokens, title: title))
    let path = OutputPath.resolve(output ?? folder + "/report.html")
    try OutputPath.check(path, isNot: [folder + "/summary.json", folder + "/verdicts.jsonl"])
    let outcome = try page.write(to: path)
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(path))
    report.line(
      "\(OutputPath.label(path)): \(Figures.count(outcome.documents, "document")),"
        + " \(Figures.count(outcome.shown)) with tokens, \(Figures.bytes(outcome.byteCount))")
    if outcome.shown == 0, outcome.documents > 0, documents > 0 {
      report.warning(
        "no document of the run has tokens; detect with --localise flagged or all to show them")
    }
    report.show()
  }
}
