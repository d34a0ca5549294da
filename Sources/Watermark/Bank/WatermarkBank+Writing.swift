import Detector
import Formats
import Glibc
import Steering
import Tensors

extension WatermarkBank {
  /// Writes the bank's folder; a new one appears complete or not at all.
  ///
  /// In the folder of a bank the null scores come first, in a file that is named by its digest, then
  /// `bank.json` is replaced, and what it named before is removed: whenever this ends, the old bank is there
  /// or the new one, each with its own null scores.
  ///
  /// - Throws: `inputOutput`; `invalidArgument` for a folder that holds something else than a bank, or a
  ///   bank that is too large to be read again.
  public func write(to path: String) throws(SteeringError) {
    try write(to: path) { () throws(SteeringError) in }
  }

  /// Writes the folder; `beforeSwitch` runs when all but `bank.json` is in place.
  package func write(
    to path: String, beforeSwitch: () throws(SteeringError) -> Void
  ) throws(SteeringError) {
    // With a digest of the right length, so that what is too large is found before anything is written.
    _ = try text(nullDigest: hasNulls ? String(repeating: "0", count: 64) : nil)
    let isFree = try SteeringError.rendering { () throws(FormatError) in
      try OutputFolder.isFree(path)
    }
    if isFree {
      let folder = try SteeringError.rendering { () throws(FormatError) in
        try OutputFolder.create(path)
      }
      _ = try write({ folder.file($0) }, beforeSwitch)
      return try SteeringError.rendering { () throws(FormatError) in try folder.commit() }
    }
    let file = FileSystem.join(path, BankFile.bank)
    let holdsBank = try SteeringError.rendering { () throws(FormatError) in
      try FileSystem.kind(file) == .other
    }
    guard holdsBank else {
      throw SteeringError(
        .invalidArgument,
        "\(path) exists and holds no \(BankFile.bank), expected the name of a new folder or a bank's"
      )
    }
    let former = Self.nullFile(ofBank: file)
    let current = try write({ FileSystem.join(path, $0) }, beforeSwitch)
    // Nobody names it any more.
    if let former, former != current { unlink(FileSystem.join(path, former)) }
  }

  private var hasNulls: Bool { nulls != nil || replay != nil }

  /// The file of null scores that the bank at `path` names; nil for one that is none of ours.
  private static func nullFile(ofBank path: String) -> String? {
    guard let value = try? JSONValue.read(path: path, limits: DetectorLimits.json),
      let name = value["null"]?["file"]?.asString, let digest = value["null"]?["sha256"]?.asString,
      name == BankFile.plainNulls || name == BankFile.nulls(digest), !name.contains("/")
    else { return nil }
    return name
  }

  /// Writes both files, and returns the name of the null scores' where there are any.
  private func write(
    _ place: (String) -> String, _ beforeSwitch: () throws(SteeringError) -> Void
  ) throws(SteeringError) -> String? {
    var digest: String?
    if hasNulls {
      let path = place("null-new.safetensors")
      digest = try SteeringError.rendering { () throws(FormatError) in
        try writeNulls(to: path)
        let digest = BankNulls.digest(try MappedFile.open(path))
        let target = place(BankFile.nulls(digest))
        guard rename(path, target) == 0 else {
          throw FormatError(.systemCall(call: "rename", errno: errno)).at(path: target)
        }
        return digest
      }
    }
    let text = try text(nullDigest: digest)
    try beforeSwitch()
    try SteeringError.rendering { () throws(FormatError) in
      let file = try OutputFile.create(place(BankFile.bank))
      try file.write(text)
      try file.commit()
    }
    return digest.map { BankFile.nulls($0) }
  }

  /// The text of `bank.json`.
  private func text(nullDigest: String?) throws(SteeringError) -> String {
    let text = DetectorText.text(json(nullDigest: nullDigest))
    do throws(FormatError) {
      try JSONValue.check(text: text, limits: DetectorLimits.json)
    } catch {
      throw SteeringError(
        .invalidArgument, "the bank is too large to be read again: \(SteeringError(error).message)")
    }
    return text
  }

  private func json(nullDigest: String?) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("format", .string(BankFile.format)),
      .init("count", .integer(Int64(defaultCount))),
      .init("draws", .integer(Int64(draws))),
      .init(
        "entries",
        .array(
          entries.map {
            .object([
              .init("feature", .integer(Int64($0.feature))), .init("alpha", .number($0.alpha)),
              .init("slope", .number($0.slope)),
            ])
          })),
      .init("detector", detector.jsonValue),
    ]
    if let steering { members.insert(.init("steering", .string(steering)), at: 4) }
    if let nullDigest {
      members.append(
        .init(
          "null",
          .object([
            .init("file", .string(BankFile.nulls(nullDigest))),
            .init("sha256", .string(nullDigest)),
          ])))
    }
    return .object(members)
  }

  private func writeNulls(to path: String) throws(FormatError) {
    var metadata = [
      (key: BankFile.Key.format, value: BankFile.nullFormat),
      (key: BankFile.Key.fingerprint, value: fingerprint),
    ]
    var tensors: [(entry: SafetensorsWriter.Entry, bytes: [UInt8])] = []
    func add(_ name: String, _ values: [Int]) {
      tensors.append(
        (
          SafetensorsWriter.Entry(name, .i64, shape: [values.count]),
          values.flatMap { Self.bytes($0) }
        ))
    }
    func add(_ name: String, _ values: [Float], shape: [Int]) {
      tensors.append(
        (
          SafetensorsWriter.Entry(name, .f32, shape: shape),
          values.flatMap { Self.bytes($0.bitPattern) }
        ))
    }
    if let nulls {
      metadata.append((BankFile.Key.blockLength, "\(nulls.blockLength)"))
      let width = nulls.entryCount
      add(BankFile.Name.tokens, nulls.lengths)
      add(BankFile.Name.identities, nulls.identities.map { Int(Int64(bitPattern: $0.bits)) })
      add(BankFile.Name.scores, nulls.scores, shape: [nulls.documentCount, width])
      add(BankFile.Name.blockCounts, nulls.blockCounts)
      add(BankFile.Name.blocks, nulls.blocks, shape: [nulls.blocks.count / width, width])
    }
    if let replay {
      metadata.append(
        (BankFile.Key.replayStrength, JSONValue.number(replay.strength).serialised()))
      metadata.append((BankFile.Key.replayMinimum, "\(replay.minimumPerBucket)"))
      metadata.append((BankFile.Key.replayBuckets, "\(replay.maximumBuckets)"))
      add(BankFile.Name.replayTokens, replay.lengths)
      add(BankFile.Name.replayValues, replay.values, shape: [replay.values.count])
    }
    let writer = try SafetensorsWriter(
      path: path, entries: tensors.map(\.entry), metadata: metadata)
    for (index, tensor) in tensors.enumerated() {
      try writer.append(tensor.bytes.span.bytes, to: index)
    }
    try writer.finish()
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
