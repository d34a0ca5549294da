import Detector
import Steering

extension NullScores {
  static func check(
    entryCount: Int, blockLength: Int, identities: [DocumentIdentity], lengths: [Int],
    scores: [Float], blockCounts: [Int], blocks: [Float]
  ) throws(SteeringError) {
    try expect(
      (1...WatermarkBank.entryLimit).contains(entryCount), "scores", "has \(entryCount) columns",
      "1 to \(WatermarkBank.entryLimit)")
    try expect(
      (1...CalibrationOptions.blockLimit).contains(blockLength), "block_length",
      "is \(blockLength)", "1 to \(CalibrationOptions.blockLimit)")
    try expect(!identities.isEmpty, "identities", "has no document", "one or more")
    for (index, identity) in identities.enumerated().dropFirst()
    where identity <= identities[index - 1] {
      try expect(
        false, "identities[\(index)]", "does not ascend", "distinct documents in order")
    }
    let counts = [
      ("tokens", lengths.count, identities.count),
      ("scores", scores.count, identities.count * entryCount),
      ("block_counts", blockCounts.count, identities.count),
    ]
    for (name, found, expected) in counts {
      try expect(found == expected, name, "has \(found) values", "\(expected)")
    }
    var total = 0
    for (index, length) in lengths.enumerated() {
      try expect(
        (1...Int(Int32.max)).contains(length), "tokens[\(index)]", "is \(length)",
        "1 to \(Int32.max)")
      let count = blockCounts[index]
      try expect(
        count == 0 || count == length / blockLength, "block_counts[\(index)]", "is \(count)",
        "0, or \(length / blockLength) of \(length) tokens")
      total += count
      let limit = blockLimit(entryCount: entryCount)
      try expect(total <= limit, "block_counts", "adds up to more", "at most \(limit)")
    }
    try expect(
      blocks.count == total * entryCount, "blocks", "has \(blocks.count) values",
      "\(total * entryCount), for \(total) blocks of 'block_counts'")
    for (name, values) in [("scores", scores), ("blocks", blocks)] {
      if let place = values.firstIndex(where: { !$0.isFinite }) {
        try expect(
          false, "\(name)[\(place / entryCount), \(place % entryCount)]", "is \(values[place])",
          "a finite number")
      }
    }
  }

  private static func expect(
    _ holds: Bool, _ field: String, _ found: @autoclosure () -> String,
    _ expected: @autoclosure () -> String
  ) throws(SteeringError) {
    guard holds else {
      throw SteeringError(.malformedFile, "'\(field)' \(found()), expected \(expected())")
    }
  }
}
