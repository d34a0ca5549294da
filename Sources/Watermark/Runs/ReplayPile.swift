import Formats
import Steering

/// The texts of several files of scored texts, each once, with the readings of all its lines.
///
/// A text that was scored with several keys stands in a file per key. Judged line by line it would have a
/// chance to be flagged per key; here it is one text with several candidates. Memory: the readings, not the
/// texts.
struct ReplayPile {
  /// A text: where its first line is, and all its readings.
  struct Entry {
    var id: String
    var path: Int
    var range: Range<Int>
    var readings: [ReplayText.Reading]
  }

  let paths: [String]
  private let strength: Double
  /// In the order of their first lines.
  private(set) var entries: [Entry] = []
  /// Lines without a reading.
  private(set) var skippedCount = 0
  private var places: [ReplayText.Identity: Int] = [:]

  /// Reads the files.
  ///
  /// - Parameters:
  ///   - strength: That of the null texts, and so of all readings.
  ///   - progress: Called now and then with the bytes that are done and all bytes.
  /// - Throws: `malformedFile` naming file, line and member.
  init(
    _ paths: [String], strength: Double, progress: (Int, Int) -> Void
  ) throws(SteeringError) {
    self.paths = paths
    self.strength = strength
    let total = try SteeringError.rendering { () throws(FormatError) in
      try FileSystem.byteCount(of: paths)
    }
    var done = 0
    for (number, path) in paths.enumerated() {
      let texts = try ReplayTexts(path)
      var end = 0
      while let text = try texts.next() {
        end = texts.range.upperBound
        progress(done + end, total)
        guard !text.readings.isEmpty else {
          skippedCount += 1
          continue
        }
        try SteeringError.rendering { () throws(FormatError) in
          do throws(FormatError) {
            try add(text, path: number, range: texts.range)
          } catch {
            throw error.at(path: texts.place)
          }
        }
      }
      done += end
    }
  }

  private mutating func add(
    _ text: ReplayText, path: Int, range: Range<Int>
  ) throws(FormatError) {
    for (index, reading) in text.readings.enumerated() {
      try reading.check(
        strength: strength, text.path(ofReading: index),
        "at which the bank's null texts were replayed")
    }
    let identity = text.identity
    let isNameless = identity.id == nil && identity.digest == nil
    // In one file such lines are texts of their own; in several nobody knows.
    if isNameless, paths.count > 1 { throw FormatError(.missingField(field: "id")) }
    guard !isNameless, let place = places[identity] else {
      if !isNameless { places[identity] = entries.count }
      return entries.append(
        Entry(id: text.id, path: path, range: range, readings: text.readings))
    }
    guard identity.digest != nil else {
      throw FormatError(
        .outOfRange(
          field: "id", found: "'\(text.id)' again, without a text",
          expected: "'text', which says whether it is the same"))
    }
    for (index, reading) in text.readings.enumerated() {
      try reading.check(beside: entries[place].readings, text.path(ofReading: index))
      entries[place].readings.append(reading)
    }
  }
}
