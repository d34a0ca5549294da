import Detector
import Formats
import Steering
import Tensors

extension WatermarkBank {
  /// Reads a bank's folder; errors name the file and the field.
  ///
  /// - Throws: `inputOutput`; `malformedFile` for anything that ``write(to:)`` would not write, for null
  ///   scores of another bank, and for those of another calibration than the bank names.
  public init(path: String) throws(SteeringError) {
    let file = FileSystem.join(path, BankFile.bank)
    let value = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.read(path: file, limits: DetectorLimits.json)
    }
    let bare: WatermarkBank
    let null: (file: String, digest: String)?
    do throws(SteeringError) {
      (bare, null) = try Self.read(value)
    } catch {
      throw error.inFile(file)
    }
    guard let null else {
      self = bare
      return
    }
    let nullFile = FileSystem.join(path, null.file)
    let nulls: BankNulls
    do throws(SteeringError) {
      nulls = try BankNulls(path: nullFile, digest: null.digest, bank: bare)
    } catch {
      throw error.message.hasPrefix(nullFile) ? error : error.inFile(nullFile)
    }
    self = try bare.with(nulls: nulls.scores).with(replay: nulls.replay)
  }

  /// The bank without null scores, and name and SHA-256 of their file where there is one.
  private static func read(
    _ value: JSONValue
  ) throws(SteeringError) -> (bank: WatermarkBank, null: (file: String, digest: String)?) {
    guard value.asObject != nil else {
      throw SteeringError(.malformedFile, "bank is \(value.kind), expected an object")
    }
    let document = try DetectorField(value: value, path: "").object([
      "format", "count", "draws", "entries", "steering", "detector", "null",
    ])
    let format = try document.field("format")
    guard format.value == .string(BankFile.format) else {
      throw format.mismatch("\"\(BankFile.format)\"")
    }
    let items = try document.field("entries").items(1...Self.entryLimit)
    let detector = try FittedDetector.read(
      try document.field("detector").value, path: "detector")
    var entries: [Entry] = []
    for item in items {
      let entry = try item.object(["feature", "alpha", "slope"])
      let feature = try entry.field("feature").integer(
        in: 0...(detector.dictionary.featureCount - 1))
      entries.append(
        Entry(
          feature: feature, alpha: try entry.field("alpha").positive(),
          slope: try entry.field("slope").number()))
    }
    let count = try document.field("count").integer(in: 1...entries.count)
    let draws = try document.field("draws").integer(in: 1...Self.drawLimit)
    let steering = try document.optional("steering")?.text()
    let null = try document.optional("null").map(nullFile)
    let bank: WatermarkBank
    do throws(SteeringError) {
      bank = try WatermarkBank(
        detector: detector, entries: entries, defaultCount: count, draws: draws,
        steering: steering)
    } catch {
      throw SteeringError(.malformedFile, error.message)
    }
    guard bank.isBound || null == nil else {
      throw SteeringError(
        .malformedFile,
        "field 'null' is there, expected none where 'steering' or 'detector.dictionary.fingerprint'"
          + " is missing: a bank is bound to its dictionary, and calibrated afterwards")
    }
    return (bank, null)
  }

  private static func nullFile(
    _ null: DetectorField
  ) throws(SteeringError) -> (file: String, digest: String) {
    let object = try null.object(["file", "sha256"])
    let file = try object.field("file")
    let field = try object.field("sha256")
    let digest = try field.text()
    guard Hexadecimal.isDigest(digest) else {
      throw field.mismatch("64 lower-case hexadecimal digits")
    }
    let name = try file.text()
    guard name == BankFile.plainNulls || name == BankFile.nulls(digest) else {
      throw file.mismatch("\"\(BankFile.nulls(digest))\" or \"\(BankFile.plainNulls)\"")
    }
    return (name, digest)
  }
}
