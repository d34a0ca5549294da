import Detector
import Formats
import SAE
import Tensors

/// What a detector's document may cost, and hold.
package enum DetectorLimits {
  /// The layout's name.
  static let format = "steering-detector/1"
  package static let json = JSONLimits(
    byteCount: 256 << 20, depth: 16, valueCount: 8_000_000, objectCount: 400_000)
  static let structures = 4096
  static let terms = 1 << 16
  static let features = FittedDetector.featureLimit
  static let width = 1 << 20
  static let rank = 256
  static let buckets = 64
  static let thresholds = CalibrationOptions.rateLimit
  static let documents = 10_000_000
}

extension FittedDetector {
  /// Reads a detector's document; errors name the file and the field.
  ///
  /// - Throws: `inputOutput`; `malformedFile` for anything that ``write(to:)`` would not write.
  public init(path: String) throws(SteeringError) {
    let value = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.read(path: path, limits: DetectorLimits.json)
    }
    do throws(SteeringError) {
      self = try Self.read(value)
    } catch {
      throw error.inFile(path)
    }
  }

  /// Reads a detector's document from a text.
  public init(json text: String) throws(SteeringError) {
    try self.init(json: Array(text.utf8))
  }

  /// Reads a detector's document from UTF-8 bytes.
  package init(json bytes: [UInt8]) throws(SteeringError) {
    let value = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.parse(bytes, limits: DetectorLimits.json)
    }
    self = try Self.read(value)
  }

  /// Reads a detector that stands at `path` of a document; empty for one that is the document.
  package static func read(
    _ value: JSONValue, path: String = ""
  ) throws(SteeringError) -> FittedDetector {
    let document = try DetectorField(value: value, path: path).object([
      "format", "name", "kind", "dictionary", "masking", "structures", "selection", "calibration",
    ])
    let format = try document.field("format")
    guard format.value == .string(DetectorLimits.format) else {
      throw format.mismatch("\"\(DetectorLimits.format)\"")
    }
    let dictionary = try readDictionary(try document.field("dictionary"))
    let masking = try readMasking(try document.field("masking"))
    let kind: Kind = try document.field("kind").choice()
    var structures: [Structure] = []
    var names: Set<String> = []
    for field in try document.field("structures").items(1...DetectorLimits.structures) {
      let structure = try StructureJSON.read(field, dictionary)
      guard names.insert(structure.name).inserted else {
        throw field.failure(
          "is named '\(MessageText.plain(structure.name))' as another one, expected distinct names")
      }
      structures.append(structure)
    }
    return FittedDetector(
      name: try document.field("name").text(), kind: kind, dictionary: dictionary,
      masking: masking, structures: structures,
      selection: try CalibrationJSON.readRecord(try document.field("selection")),
      calibration: try document.optional("calibration").map { field throws(SteeringError) in
        try CalibrationJSON.read(field, structureCount: structures.count)
      })
  }

  private static func readDictionary(
    _ field: DetectorField
  ) throws(SteeringError) -> DictionaryReference {
    let object = try field.object([
      "name", "fingerprint", "feature_count", "model_width", "hook",
    ])
    let fingerprint = try object.field("fingerprint")
    let digits = try fingerprint.text(mayBeEmpty: true)
    guard digits.isEmpty || Hexadecimal.isDigest(digits) else {
      throw fingerprint.mismatch("64 lower-case hexadecimal digits, or none")
    }
    return DictionaryReference(
      name: try object.field("name").text(mayBeEmpty: true), fingerprint: digits,
      featureCount: try object.field("feature_count").integer(in: 1...DetectorLimits.features),
      modelWidth: try object.field("model_width").integer(in: 1...DetectorLimits.width),
      hook: try object.optional("hook")?.text())
  }

  private static func readMasking(_ field: DetectorField) throws(SteeringError) -> Masking {
    let object = try field.object(["skips_special", "sink_norm"])
    return Masking(
      skipsSpecial: try object.field("skips_special").flag(),
      sinkNorm: try object.optional("sink_norm")?.positive())
  }
}
