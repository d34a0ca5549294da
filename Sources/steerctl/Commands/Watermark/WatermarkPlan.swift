import ArgumentParser
import Formats
import Steering
import Watermark

/// `steerctl watermark plan`: what marks one document.
struct WatermarkPlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Write the plan that marks one document.",
    discussion: """
      An ordinary plan: steerctl apply, steer-llama and the C interface take it. It shows what the key
      chose for this document, and nothing of the key; whoever has it can take this mark off, so that
      its file can be read by its owner alone.

      steerctl watermark plan --key key.json --bank BANK --document letter-17 --output plan.json
      """)

  @Option(help: ArgumentHelp("The key's file.", valueName: "file"))
  var key: String

  @OptionGroup var bank: BankOptions
  @OptionGroup var identifier: IdentifierOptions

  @Option(
    help: ArgumentHelp("What the bank's amounts are multiplied by.", valueName: "number"))
  var strength = 1.0

  @OptionGroup(title: "Dictionary") var dictionary: DictionaryOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where to write the plan.", discussion: "Default: standard output.", valueName: "file"))
  var output: String?

  func validate() throws {
    guard strength.isFinite, strength > 0 else {
      throw ValidationError("--strength is \(strength), expected a number above 0")
    }
  }

  func run() throws {
    let key = try WatermarkKey.read(path: self.key)
    try key.requireActive()
    let folder = try bank.path()
    let bank = try WatermarkBank(path: folder)
    try bank.check(key)
    let document = try identifier.identifiers.single(for: key)
    let dictionary = try self.dictionary.open()
    try bank.check(dictionary)
    if let output, !OutputPath.isStandardOutput(output) {
      try OutputPath.check(
        output, isNot: MarkInputs.files(keys: [self.key], bank: folder, dictionary: dictionary))
    }
    let plan = try bank.plan(key: key, document: document, strength: strength)
    // What a host would refuse is refused here.
    _ = try Plan(plan, dictionary: dictionary)
    let goesOut = output == nil || OutputPath.isStandardOutput(output)
    if goesOut {
      Terminal.out.write(plan.json + "\n")
    } else if let output {
      try SteeringError.rendering { () throws(FormatError) in
        let file = try OutputFile.create(output)
        // Whoever reads it can take this document's mark off.
        try file.setMode(0o600)
        try file.write(plan.json + "\n")
        try file.commit()
      }
    }
    guard !goesOut || Terminal.error.isTerminal else { return }
    show(plan, bank, key)
  }

  private func show(_ plan: PlanDocument, _ bank: WatermarkBank, _ key: WatermarkKey) {
    let goesOut = output == nil || OutputPath.isStandardOutput(output)
    var report = Report(dataOnStandardOutput: goesOut)
    report.title("watermark plan · \(key.id) on \(bank.detector.name)")
    var table = Table(["structure", "feature", "sign", "amount"])
    for intervention in plan.interventions {
      let place = bank.entries.firstIndex { $0.feature == intervention.feature }
      table.add([
        place.map { MessageText.plain(bank.detector.structures[$0].name) } ?? "–",
        String(intervention.feature), intervention.alpha < 0 ? "−" : "+",
        Figures.short(abs(intervention.alpha)),
      ])
    }
    report.table(table)
    report.line()
    if let output, !goesOut { report.line("  wrote \(output)") }
    report.dim("  this is the choice for one document; it says nothing of the key")
    report.show()
  }
}
