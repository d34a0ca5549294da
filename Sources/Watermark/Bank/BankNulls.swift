import Detector
import Formats
import Steering
import Tensors

/// What the file of a bank's null scores holds.
struct BankNulls {
  var scores: NullScores?
  var replay: ReplayNulls?

  /// Reads the file at `path`.
  ///
  /// - Throws: `inputOutput`; `malformedFile` naming the tensor or the metadata.
  init(path: String, digest: String, bank: WatermarkBank) throws(SteeringError) {
    let file = try SteeringError.rendering { () throws(FormatError) in
      let mapped = try MappedFile.open(path)
      return try SafetensorsFile.open(mapped)
    }
    let found = Self.digest(file.mapped)
    guard found == digest else {
      throw SteeringError(
        .malformedFile,
        "has SHA-256 \(found.prefix(16)), expected \(digest.prefix(16)), which \(BankFile.bank) names"
      )
    }
    let metadata = Dictionary(file.metadata.map { ($0.key, $0.value) }) { first, _ in first }
    let texts = [
      (BankFile.Key.format, BankFile.nullFormat), (BankFile.Key.fingerprint, bank.fingerprint),
    ]
    for (key, expected) in texts where metadata[key] != expected {
      throw SteeringError(
        .malformedFile,
        "metadata '\(key)' is \(MessageText.plain(metadata[key] ?? "missing")), expected \(expected)"
          + (key == BankFile.Key.fingerprint ? ": these are another bank's null scores" : ""))
    }
    let known = BankFile.Name.scored + BankFile.Name.replayed
    for (name, _) in file.tensors where !known.contains(name) {
      throw SteeringError(
        .malformedFile,
        "unknown tensor '\(MessageText.plain(name))', accepted: \(known.joined(separator: ", "))")
    }
    let reader = NullTensors(file: file, metadata: metadata)
    if try reader.hasAll(BankFile.Name.scored) {
      scores = try reader.scores(entryCount: bank.entries.count)
    }
    if try reader.hasAll(BankFile.Name.replayed) { replay = try reader.replay() }
    guard scores != nil || replay != nil else {
      throw SteeringError(.malformedFile, "holds no tensor, expected null scores")
    }
  }

  /// SHA-256 of a whole file, in hex.
  static func digest(_ file: MappedFile) -> String {
    var digest = Digest()
    file.storage.withBytes { digest.update(raw: $0) }
    return Hexadecimal.text(digest.finish())
  }
}

/// The tensors of a file of null scores, read with errors that name them.
private struct NullTensors {
  let file: SafetensorsFile
  let metadata: [String: String]

  /// Whether the file has all tensors called `names`, or none of them.
  func hasAll(_ names: [String]) throws(SteeringError) -> Bool {
    let missing = names.filter { file[$0] == nil }
    guard missing.isEmpty || missing.count == names.count else {
      throw SteeringError(
        .malformedFile,
        "tensor '\(missing[0])' is missing, expected all of \(names.joined(separator: ", "))")
    }
    return missing.isEmpty
  }

  func scores(entryCount: Int) throws(SteeringError) -> NullScores {
    let length = try number(BankFile.Key.blockLength, 1...CalibrationOptions.blockLimit)
    let identities = try integers(BankFile.Name.identities)
    return try NullScores(
      entryCount: entryCount, blockLength: length,
      identities: identities.map { DocumentIdentity(bits: UInt64(bitPattern: Int64($0))) },
      lengths: try integers(BankFile.Name.tokens),
      scores: try floats(BankFile.Name.scores, width: entryCount),
      blockCounts: try integers(BankFile.Name.blockCounts),
      blocks: try floats(BankFile.Name.blocks, width: entryCount))
  }

  func replay() throws(SteeringError) -> ReplayNulls {
    let tokens = try integers(BankFile.Name.replayTokens)
    let values = try floats(BankFile.Name.replayValues, width: nil)
    guard tokens.count == values.count else {
      throw SteeringError(
        .malformedFile,
        "'\(BankFile.Name.replayValues)' has \(values.count) values, expected \(tokens.count)")
    }
    let strength = try positive(BankFile.Key.replayStrength)
    let minimum = try number(BankFile.Key.replayMinimum, 1...Int(Int32.max))
    let maximum = try number(BankFile.Key.replayBuckets, 1...ReplayNulls.bucketLimit)
    do throws(SteeringError) {
      return try ReplayNulls(
        samples: zip(tokens, values).map { ($0, Double($1)) }, strength: strength,
        minimumPerBucket: minimum, maximumBuckets: maximum)
    } catch {
      throw SteeringError(.malformedFile, error.message)
    }
  }

  private func number(_ key: String, _ range: ClosedRange<Int>) throws(SteeringError) -> Int {
    guard let value = metadata[key].flatMap({ Int($0) }), range.contains(value) else {
      throw SteeringError(
        .malformedFile,
        "metadata '\(key)' is \(MessageText.plain(metadata[key] ?? "missing")), expected"
          + " \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number as JSON writes it.
  private func positive(_ key: String) throws(SteeringError) -> Double {
    guard let text = metadata[key], let number = (try? JSONValue.parse(text: text))?.asDouble,
      number.isFinite, number > 0
    else {
      throw SteeringError(
        .malformedFile,
        "metadata '\(key)' is \(MessageText.plain(metadata[key] ?? "missing")), expected a finite"
          + " number above 0")
    }
    return number
  }

  private func integers(_ name: String) throws(SteeringError) -> [Int] {
    let tensor = try tensor(name, .i64, width: nil)
    guard let values = tensor.integers() else {
      throw SteeringError(.malformedFile, "tensor '\(name)' holds no integers, expected I64")
    }
    return values
  }

  private func floats(_ name: String, width: Int?) throws(SteeringError) -> [Float] {
    let tensor = try tensor(name, .f32, width: width)
    guard let values = tensor.floats(.best) else {
      throw SteeringError(.malformedFile, "tensor '\(name)' holds no numbers, expected F32")
    }
    return values
  }

  /// A vector, or a matrix of `width` columns.
  private func tensor(
    _ name: String, _ type: ElementType, width: Int?
  ) throws(SteeringError) -> Tensor {
    guard let tensor = file[name] else {
      throw SteeringError(.malformedFile, "tensor '\(name)' is missing")
    }
    guard tensor.elementType == type else {
      throw SteeringError(
        .malformedFile,
        "tensor '\(name)' holds \(tensor.elementType.rawValue), expected \(type.rawValue)")
    }
    let isFit =
      if let width {
        tensor.shape.count == 2 && tensor.shape[1] == width
      } else {
        tensor.shape.count == 1
      }
    guard isFit else {
      let shape = tensor.shape.prefix(8).map(String.init).joined(separator: ", ")
      throw SteeringError(
        .malformedFile,
        "tensor '\(name)' has shape [\(shape)], expected "
          + (width.map { "[rows, \($0)], one column per entry" } ?? "[values]"))
    }
    return tensor
  }
}
