import ArgumentParser
import Formats
import Steering
import Watermark

/// `steerctl watermark key`: the secrets that marks are made and found with.
struct WatermarkKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Make, show, replace and retire keys.",
    discussion: """
      Whoever has a key can mark, find marks and forge them. Its file can be read by its owner alone,
      and a key is never overwritten: with it every mark that it made would be lost.
      """,
    subcommands: [KeyNew.self, KeyShow.self, KeyRotate.self, KeyRetire.self])

  /// The name that a key gets from its file's, without folder and suffix.
  static func name(of path: String) throws -> String {
    var name = path.split(separator: "/").last.map(String.init) ?? ""
    if name.hasSuffix(".json") { name.removeLast(5) }
    guard WatermarkKey.isValid(id: name) else {
      throw ValidationError(
        "the file's name is no name of a key (1 to 64 of A-Z a-z 0-9 . _ -), expected --id")
    }
    return name
  }

  /// Refuses standard output: a secret belongs into a file that its owner alone can read.
  static func check(output: String) throws {
    guard !output.isEmpty, !OutputPath.isStandardOutput(output) else {
      throw ValidationError(
        "--output is \(output.isEmpty ? "empty" : "standard output"), expected a new file's name for"
          + " the key")
    }
  }

  /// The member of results that shows a key; nothing of its secret.
  static func json(_ key: WatermarkKey, path: String) -> JSONValue {
    var scheme: [JSONValue.Member] = [.init("scheme", .string(key.documents.name))]
    if case .window(let seconds) = key.documents { scheme.append(.init("seconds", .int(seconds))) }
    return .object([
      .init("file", .string(path)), .init("id", .string(key.id)),
      .init("fingerprint", .string(key.fingerprint)), .init("created", .int(key.created)),
      .init("retired", key.retired.map { .int($0) } ?? .null), .init("follows", .text(key.follows)),
      .init("bank", .string(key.bank)), .init("count", .int(key.count)),
      .init("documents", .object(scheme)),
    ])
  }

  /// The same for people.
  static func add(_ key: WatermarkKey, to report: inout Report) {
    report.field("fingerprint", key.fingerprint)
    report.field("created", Clock.text(key.created))
    if let retired = key.retired { report.field("retired", Clock.text(retired)) }
    if let follows = key.follows { report.field("follows", follows) }
    report.field("bank", String(key.bank.prefix(16)))
    report.field("entries", "\(Figures.count(key.count)) per document")
    report.field("documents", key.documents.text)
  }
}

/// `steerctl watermark key new`.
struct KeyNew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a key with a fresh random secret.",
    discussion: """
      steerctl watermark key new --bank BANK --output key.json
      """)

  @OptionGroup var bank: BankOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The new file; only its owner can read it.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Its name: 1 to 64 of A-Z a-z 0-9 . _ -", discussion: "Default: that of the file.",
      valueName: "id"))
  var id: String?

  @Option(
    help: ArgumentHelp(
      "Entries of the bank that mark each document.", discussion: "Default: as the bank says.",
      valueName: "n"))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "How documents are told apart, which generation and detection must agree on.",
      valueName: "given|prompt|constant|window:seconds"))
  var documents = DocumentScheme.given

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws { try WatermarkKeys.check(output: output) }

  func run() throws {
    let key = try WatermarkKey(
      id: try id ?? WatermarkKeys.name(of: output), created: Clock.now, bank: try bank.open(),
      count: count, documents: documents)
    try key.write(to: output)
    if json { return WatermarkKeys.json(key, path: output).show() }
    var report = Report()
    report.title("watermark key new · \(key.id)")
    WatermarkKeys.add(key, to: &report)
    report.line()
    report.line("  wrote \(output)")
    report.warning("keep a copy in a safe place: without it no mark of this key is ever found")
    if documents == .constant {
      report.warning("one choice for all texts can be learnt from about 64 of them")
    }
    report.show()
  }
}

/// `steerctl watermark key show`.
struct KeyShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what keys are for; never their secrets.")

  @Argument(help: ArgumentHelp("Files of keys.", valueName: "file"))
  var files: [String]

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let keys = try files.map { try WatermarkKey.read(path: $0) }
    if json {
      return JSONValue.array(zip(keys, files).map { WatermarkKeys.json($0, path: $1) }).show()
    }
    var report = Report()
    var table = Table(
      [
        "key", "fingerprint", "bank", "entries", "documents", "created", "retired", "follows",
      ], left: [0, 1, 2, 4, 5, 6, 7])
    for key in keys {
      table.add([
        key.id, key.fingerprint, String(key.bank.prefix(16)), Figures.count(key.count),
        key.documents.text, Clock.text(key.created), key.retired.map(Clock.text) ?? "–",
        key.follows ?? "–",
      ])
    }
    report.table(table)
    report.show()
  }
}

/// `steerctl watermark key rotate`.
struct KeyRotate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Put a new key in the place of one, and retire that.",
    discussion: """
      The new key has a fresh secret, and the bank, count and scheme of the old one, which finds its
      marks as before, but makes no more. The new key is written first.
      """)

  @Argument(help: ArgumentHelp("The file of the key in use.", valueName: "file"))
  var old: String

  @Option(name: [.short, .long], help: ArgumentHelp("The new key's file.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The new key's name.", discussion: "Default: that of its file.", valueName: "id"))
  var id: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws { try WatermarkKeys.check(output: output) }

  func run() throws {
    let keys = try WatermarkKey.rotate(
      path: old, to: output, id: try id ?? WatermarkKeys.name(of: output), at: Clock.now)
    if json {
      return JSONValue.array([
        WatermarkKeys.json(keys.old, path: old), WatermarkKeys.json(keys.new, path: output),
      ]).show()
    }
    var report = Report()
    report.title("watermark key rotate · \(keys.old.id) → \(keys.new.id)")
    WatermarkKeys.add(keys.new, to: &report)
    report.line()
    report.line("  wrote \(output)")
    report.line("  retired \(old): keep it, it still finds what it marked")
    report.show()
  }
}

/// `steerctl watermark key retire`.
struct KeyRetire: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retire",
    abstract: "Retire a key: it finds its marks as before, but makes no more.")

  @Argument(help: ArgumentHelp("The key's file, which is replaced.", valueName: "file"))
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let key = try WatermarkKey.retire(path: file, at: Clock.now)
    if json { return WatermarkKeys.json(key, path: file).show() }
    var report = Report()
    report.title("watermark key retire · \(key.id)")
    WatermarkKeys.add(key, to: &report)
    report.show()
  }
}
