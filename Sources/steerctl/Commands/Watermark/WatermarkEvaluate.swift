import ArgumentParser
import Steering
import Watermark

/// `steerctl watermark evaluate`: how well marks are found, and what they cost.
struct WatermarkEvaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure how well marks are found, and what they cost the text.",
    discussion: """
      Files hold one scored text per line: docs/formats/scored-texts.md. Unmarked texts of the split
      'null' give every statistic its p-values, by length; all other texts are judged: marked ones at
      each strength, attacked ones, unmarked ones and those under another key. Costs are perplexity
      against the unmarked texts of the same prompts, variety of words, and time.

      steerctl watermark evaluate scored.jsonl human.jsonl --output evaluation
      """)

  @Argument(
    help: ArgumentHelp("Files of scored texts; - reads standard input.", valueName: "file"))
  var files: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A new folder for evaluation.json, table.md and frontier.svg.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The share of marked texts that a strength must find to count as enough.",
      valueName: "share"))
  var target = WatermarkEvaluation.Options().target

  @Option(
    name: .customLong("rate"),
    help: ArgumentHelp(
      "A false-alarm rate to count flags at; may be repeated.",
      discussion: "Default: 0.02275, 0.01 and 0.001. Frontiers are at the largest.",
      valueName: "rate"))
  var rates: [Double] = []

  @Option(help: ArgumentHelp("Null texts that each range of lengths has at least.", valueName: "n"))
  var minimum = WatermarkEvaluation.Options().minimumPerBucket

  @Option(help: ArgumentHelp("Ranges of lengths at most.", valueName: "n"))
  var buckets = WatermarkEvaluation.Options().maximumBuckets

  @Flag(help: "Print JSON: docs/schemas/watermark-evaluation.schema.json.")
  var json = false

  func validate() throws {
    guard files.count(where: { $0 == "-" }) < 2 else {
      throw ValidationError("'-' is given twice, expected standard input once")
    }
    guard target > 0, target <= 1 else {
      throw ValidationError("--target is \(target), expected more than 0 and at most 1")
    }
    for rate in rates where !(rate > 0 && rate < 1) {
      throw ValidationError("--rate is \(rate), expected more than 0 and less than 1")
    }
    guard Set(rates).count == rates.count else {
      throw ValidationError("--rate has a rate twice, expected each once")
    }
    guard minimum >= 1 else {
      throw ValidationError("--minimum is \(minimum), expected 1 or more")
    }
    guard (1...64).contains(buckets) else {
      throw ValidationError("--buckets is \(buckets), expected 1 to 64")
    }
  }

  func run() throws {
    if let output { try WatermarkEvaluation.check(output: output) }
    var options = WatermarkEvaluation.Options()
    options.target = target
    options.minimumPerBucket = minimum
    options.maximumBuckets = buckets
    if !rates.isEmpty { options.rates = rates.sorted(by: >) }
    let evaluation = try WatermarkEvaluation(paths: files, options: options)
    if let output { try evaluation.write(to: output) }
    if json {
      evaluation.json.show()
    } else {
      show(evaluation)
    }
  }

  private func show(_ evaluation: WatermarkEvaluation) {
    var report = Report()
    report.title("watermark evaluate")
    report.field(
      "texts",
      "\(Figures.count(evaluation.textCount)) in \(Figures.count(files.count, "file"))")
    for null in evaluation.nulls {
      let ranges = zip(null.lengths, null.counts).map {
        "\(Figures.count($1)) of \($0.lowerBound)–\($0.upperBound)"
      }
      report.field("null", "\(null.statistic): \(ranges.joined(separator: ", ")) tokens")
    }
    for found in evaluation.tables {
      report.line()
      report.line("  \(found.title):")
      var table = Table(found.header, left: Set(0..<found.nameCount))
      for row in found.rows { table.add(row) }
      report.table(table)
    }
    if !evaluation.notes.isEmpty { report.line() }
    for note in evaluation.notes { report.warning(note) }
    if let output {
      report.line()
      report.line("  wrote \(output)")
    }
    report.show()
  }
}
