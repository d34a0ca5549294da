import Detector
import Formats
import Glibc
import Tensors

/// The calibration of a detector's document.
enum CalibrationJSON {
  static func read(
    _ field: DetectorField, structureCount: Int
  ) throws(SteeringError) -> Calibration {
    let object = try field.object([
      "combination", "buckets", "correlation", "documents", "sequential",
    ])
    let combination: Calibration.Combination = try object.field("combination").choice()
    var buckets: [Calibration.Bucket] = []
    for item in try object.field("buckets").items(1...DetectorLimits.buckets) {
      let bucket = try readBucket(item, structureCount)
      if let last = buckets.last?.lengths.upperBound, bucket.lengths.lowerBound - 1 != last {
        throw DetectorField(value: item.value["lengths"] ?? .null, path: item.path + ".lengths")
          .failure(
            "starts at \(bucket.lengths.lowerBound), expected one more than \(last), where the bucket"
              + " before it ends")
      }
      buckets.append(bucket)
    }
    return Calibration(
      combination: combination, buckets: buckets,
      correlation: try readCorrelation(try object.field("correlation"), structureCount),
      record: try readRecord(try object.field("documents")),
      sequential: try object.optional("sequential").map { field throws(SteeringError) in
        try readSequential(field, structureCount)
      })
  }

  private static func readCorrelation(
    _ field: DetectorField, _ count: Int
  ) throws(SteeringError) -> [Double] {
    var entries: [Double] = []
    for (row, line) in try field.items(count...count).enumerated() {
      for (column, item) in try line.items(count...count).enumerated() {
        let value = try item.number(in: -1...1)
        if row == column, value != 1 { throw item.mismatch("1 on the diagonal") }
        if column < row, value != entries[column * count + row] {
          throw item.mismatch("\(entries[column * count + row]), as [\(column)][\(row)] is")
        }
        entries.append(value)
      }
    }
    return entries
  }

  private static func readBucket(
    _ field: DetectorField, _ structureCount: Int
  ) throws(SteeringError) -> Calibration.Bucket {
    let object = try field.object(["lengths", "nulls", "combined"])
    let lengths = try object.field("lengths")
    let ends = try lengths.items(2...2)
    let low = try ends[0].integer(in: 1...Int(Int32.max))
    let high = try ends[1].integer(in: low...Int(Int32.max))
    let nulls = try readSamples(try object.field("nulls"), structureCount)
    let combined = try object.optional("combined").map(readSample)
    guard (combined != nil) == (structureCount > 1) else {
      throw field.failure(
        combined == nil
          ? "has no 'combined', expected it beside several structures"
          : "has 'combined', expected none beside one structure")
    }
    return Calibration.Bucket(lengths: low...high, nulls: nulls, combined: combined)
  }

  private static func readSequential(
    _ field: DetectorField, _ structureCount: Int
  ) throws(SteeringError) -> SequentialCalibration {
    let object = try field.object([
      "block_length", "blocks", "thresholds", "streams", "longest_stream",
    ])
    let streams = try object.field("streams").integer(in: 0...DetectorLimits.documents)
    var thresholds: [SequentialCalibration.Threshold] = []
    for item in try object.field("thresholds").items(0...DetectorLimits.thresholds) {
      let threshold = try item.object(["alpha", "log_wealth"])
      let alpha = try threshold.field("alpha")
      let level = try alpha.positive()
      guard level < thresholds.last?.alpha ?? 1 else {
        throw alpha.mismatch("below 1, and descending")
      }
      guard (Double(streams + 1) * (1 - level)).rounded(.up) <= Double(streams) else {
        throw alpha.mismatch("a rate that \(streams) streams can give a threshold for")
      }
      let least = -log(level)
      var wealth: [Double] = []
      for item in try threshold.field("log_wealth").items(structureCount...structureCount) {
        let value = try item.number()
        guard value >= least - 1e-9 else { throw item.mismatch("-ln(alpha), \(least), or more") }
        if let last = thresholds.last?.logWealth[wealth.count], value < last {
          throw item.mismatch("\(last) or more, as at the larger rate before")
        }
        wealth.append(value)
      }
      thresholds.append(SequentialCalibration.Threshold(alpha: level, logWealth: wealth))
    }
    return SequentialCalibration(
      blockLength: try object.field("block_length").integer(in: 1...CalibrationOptions.blockLimit),
      blocks: try readSamples(try object.field("blocks"), structureCount), thresholds: thresholds,
      streamCount: streams,
      longestStream: try object.field("longest_stream").integer(in: 1...Int(Int32.max)))
  }

  private static func readSamples(
    _ field: DetectorField, _ count: Int
  ) throws(SteeringError) -> [NullSample] {
    var samples: [NullSample] = []
    for item in try field.items(count...count) { samples.append(try readSample(item)) }
    return samples
  }

  private static func readSample(_ field: DetectorField) throws(SteeringError) -> NullSample {
    let scores = try field.numbers(1...DetectorLimits.json.valueCount)
    if let place = scores.indices.dropFirst().first(where: { scores[$0] < scores[$0 - 1] }) {
      throw field.failure(
        "is \(scores[place]) at \(place) after \(scores[place - 1]), expected ascending scores")
    }
    do throws(DetectionError) {
      return try NullSample(scores)
    } catch {
      throw field.failure("is no null sample, expected finite scores")
    }
  }

  static func readRecord(_ field: DetectorField) throws(SteeringError) -> SplitRecord {
    var identities: [DocumentIdentity] = []
    for item in try field.items(0...DetectorLimits.documents) {
      guard let text = item.value.asString, let bits = Hexadecimal.bits(text) else {
        throw item.mismatch("16 lower-case hexadecimal digits")
      }
      let identity = DocumentIdentity(bits: bits)
      if let last = identities.last, identity <= last {
        throw item.failure("does not ascend, expected distinct identities in order")
      }
      identities.append(identity)
    }
    return SplitRecord(identities)
  }

  static func write(_ calibration: Calibration) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("combination", .string(calibration.combination.rawValue)),
      .init("buckets", .array(calibration.buckets.map(write))),
      .init(
        "correlation",
        .rows(calibration.correlation, width: calibration.buckets.first?.nulls.count ?? 1)),
      .init("documents", write(calibration.record)),
    ]
    if let sequential = calibration.sequential {
      members.append(.init("sequential", write(sequential)))
    }
    return .object(members)
  }

  private static func write(_ bucket: Calibration.Bucket) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("lengths", .integers([bucket.lengths.lowerBound, bucket.lengths.upperBound])),
      .init("nulls", .array(bucket.nulls.map { write($0) })),
    ]
    if let combined = bucket.combined {
      members.append(.init("combined", write(combined)))
    }
    return .object(members)
  }

  private static func write(_ sequential: SequentialCalibration) -> JSONValue {
    .object([
      .init("block_length", .integer(Int64(sequential.blockLength))),
      .init("blocks", .array(sequential.blocks.map { write($0) })),
      .init(
        "thresholds",
        .array(
          sequential.thresholds.map {
            .object([
              .init("alpha", .number($0.alpha)), .init("log_wealth", .numbers($0.logWealth)),
            ])
          })),
      .init("streams", .integer(Int64(sequential.streamCount))),
      .init("longest_stream", .integer(Int64(sequential.longestStream))),
    ])
  }

  /// The shortest digits that tell each f32 score.
  private static func write(_ sample: NullSample) -> JSONValue {
    .array(sample.sorted.map { .number(Double(Float($0).description) ?? $0) })
  }

  static func write(_ record: SplitRecord) -> JSONValue {
    .array(record.identities.map { .string(Hexadecimal.text($0.bits)) })
  }
}
