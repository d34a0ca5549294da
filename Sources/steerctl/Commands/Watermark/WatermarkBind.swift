import ArgumentParser
import Formats
import Steering
import Watermark

/// `steerctl watermark bind`: which dictionary a bank is for.
struct WatermarkBind: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bind",
    abstract: "Bind a new bank to the dictionary that it reads and steers with.",
    discussion: """
      The bank gets digests of the dictionary's weights: of the features that it reads, and of the rows
      that it steers along. The other verbs refuse a bank without them, and a dictionary of other
      weights. It is done once, before keys are made and the bank is calibrated, and needs no rows of
      a model; done again it changes nothing.

      steerctl watermark bind --bank BANK --sae SAE
      """)

  @OptionGroup var change: BankChangeOptions
  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws { try change.check() }

  func run() throws {
    let bank = try change.bank.open()
    let dictionary = try self.dictionary.open()
    let target = try change.target(dictionary)
    let bound = try bank.bound(to: dictionary)
    let isWritten = bound != bank || change.output != nil
    if isWritten { try bound.write(to: target) }
    if json {
      return JSONValue.object([
        .init("bank", .string(bound.fingerprint)), .init("dictionary", .string(dictionary.name)),
        .init("changed", .bool(bound != bank)),
        .init("output", isWritten ? .string(target) : .null),
      ]).show()
    }
    var report = Report()
    report.title("watermark bind · \(bound.detector.name)")
    report.field("bank", String(bound.fingerprint.prefix(16)))
    report.field("dictionary", dictionary.name)
    report.line()
    if bound == bank { report.line("  was bound to it already") }
    if isWritten { report.line("  wrote \(target)") }
    report.show()
  }
}
