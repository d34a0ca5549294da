import Formats
import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Codes of segments against the oracle's codes of f64 means.
@Suite struct SegmentEncodingTests {
  /// Runs of 3, 1, 4, 2 and 5 rows; the fourth run has the id of the first, the second is left out whole.
  private static let ids = [7, 7, 7, -2, 9, 9, 9, 9, 7, 7, 11, 11, 11, 11, 11]
  private static let excluded = [0, 3, 5, 6, 10].reduce(
    into: [Bool](repeating: false, count: 15)
  ) { $0[$1] = true }
  private static let segments = [
    Segment(id: 7, rows: 0..<3, excludedCount: 1), Segment(id: -2, rows: 3..<4, excludedCount: 1),
    Segment(id: 9, rows: 4..<8, excludedCount: 2), Segment(id: 7, rows: 8..<10, excludedCount: 0),
    Segment(id: 11, rows: 10..<15, excludedCount: 1),
  ]

  private func mean(_ rows: [[Float]], _ segment: Segment, excluding: Bool = true) -> [Double] {
    let kept = segment.rows.filter { !excluding || !Self.excluded[$0] }
    return (0..<37).map { column in
      kept.reduce(0.0) { $0 + Double(rows[$1][column]) } / Double(kept.count)
    }
  }

  private func check(
    _ result: SegmentCodes, _ rows: [[Float]], _ sample: Sample
  ) {
    #expect(result.segments == Self.segments)
    #expect(result.emptySegments == [1])
    #expect(result.codes.rowCount == 5)
    #expect(result.codes.undefinedRows == [1])
    let oracle = Oracle(sample: sample)
    for (index, segment) in Self.segments.enumerated() {
      let values = result.means[(index * 37)..<(index * 37 + 37)]
      guard index != 1 else {
        #expect(values.allSatisfy { $0.isNaN })
        continue
      }
      let mean = mean(rows, segment)
      #expect(values.elementsEqual(mean.map { Float($0) }))
      let expected = oracle.activations(mean)
      let actual = result.codes.dense(row: index)
      for feature in expected.indices {
        #expect(abs(Double(actual[feature]) - expected[feature]) < 1e-4)
      }
      #expect(expected.contains { $0 != 0 })
    }
  }

  @Test(arguments: [Sample.all[0], Sample.all[2], Sample.all[6]])
  func arraysMatchTheOracle(_ sample: Sample) throws {
    let rows = sample.rows(15)
    let dictionary = try sample.dictionary()
    var given = rows
    given[3][5] = .nan
    check(
      try dictionary.encode(
        given.flatMap { $0 }, averagedBy: Self.ids, excluding: Self.excluded), rows, sample)
    let all = try dictionary.encode(rows.flatMap { $0 }, averagedBy: Self.ids)
    #expect(all.emptySegments.isEmpty)
    #expect(
      all.means.prefix(37).elementsEqual(
        mean(rows, Self.segments[0], excluding: false).map { Float($0) }))
    #expect(try dictionary.encode([], averagedBy: []).segments.isEmpty)
  }

  @Test func streamedRowsGiveTheSameBits() throws {
    let sample = Sample.all[0]
    let rows = sample.rows(15)
    let dictionary = try sample.dictionary()
    let whole = try dictionary.encode(rows.flatMap { $0 }, averagedBy: Self.ids)
    let segment = dictionary.makeSegment()
    #expect(segment.mean() == nil)
    #expect(try dictionary.encode(segment).undefinedRows == [0])
    try segment.add(rows[10] + rows[11])
    let partial = try dictionary.encode(segment)
    try segment.add(
      rows[12] + sample.rows(1, seed: 3)[0] + rows[13], excluding: [false, true, false])
    try segment.add(rows[14])
    #expect((segment.rowCount, segment.excludedCount) == (5, 1))
    #expect(segment.mean() == Array(whole.means.suffix(37)))
    let codes = try dictionary.encode(segment)
    #expect(codes.dense(row: 0) == whole.codes.dense(row: 4))
    #expect(codes.dense(row: 0) != partial.dense(row: 0))
    #expect(segment.rowCount == 5, "reading does not end the segment")
  }

  @Test func misuseIsNamed() throws {
    let dictionary = try Sample.all[0].dictionary()
    let rows = Sample.all[0].rows(2).flatMap { $0 }
    func message(_ body: () throws -> Void) -> String? { steeringError(body)?.message }
    #expect(
      message { _ = try dictionary.encode(rows, averagedBy: [1]) }
        == "1 ids, expected 2, one per row")
    #expect(
      message { _ = try dictionary.encode(rows, averagedBy: [1, 1], excluding: [true]) }
        == "1 marks of excluded rows, expected 2, one per row")
    #expect(
      message { try dictionary.makeSegment().add([1, 2]) }
        == "2 values, expected a multiple of the row width 37")
    var bad = rows
    bad[37 + 4] = .infinity
    #expect(
      message { _ = try dictionary.encode(bad, averagedBy: [1, 2]) }
        == "row 1, column 4 is NaN or infinite, expected a finite number")
  }

  private func file(_ rows: [[Float]], _ folder: TemporaryFolder) throws -> Activations {
    let path = folder.file("turns.safetensors")
    try writeSafetensors(
      path,
      [
        TestTensor("activations", [15, 37], rows.flatMap { $0 }),
        TestTensor("turns", Self.ids.map { Int32($0) }),
        TestTensor("special", Self.excluded.map { $0 ? 1 : 0 }), TestTensor("short", [1, 2]),
      ])
    return try Activations(path)
  }

  @Test(arguments: [false, true])
  func filesMatchTheOracle(_ dense: Bool) throws {
    let sample = Sample.all[0]
    let rows = sample.rows(15)
    let folder = try TemporaryFolder()
    var encoding = try SegmentEncoding(
      try file(rows, folder), averagedBy: "turns", with: try sample.dictionary())
    check(encoding.result, rows, sample)
    #expect(encoding.report.specialCount == 5)
    #expect(encoding.report.fit.rowCount == 4)
    let path = folder.file("out.safetensors")
    try encoding.write(to: path, dense: dense, decode: true)
    let out = try SafetensorsFile.open(path)
    #expect(out["segment_ids"]?.integers() == Self.segments.map(\.id))
    #expect(out["segment_first_rows"]?.integers() == [0, 3, 4, 8, 10])
    #expect(out["segment_rows"]?.integers() == [3, 1, 4, 2, 5])
    #expect(out["segment_averaged_rows"]?.integers() == [2, 0, 2, 2, 4])
    let decoded = try readFloats(path, "decoded")
    let oracle = Oracle(sample: sample)
    for (index, segment) in Self.segments.enumerated() where index != 1 {
      for (column, value) in oracle.decoded(mean(rows, segment)).enumerated() {
        #expect(abs(Double(decoded[index * 37 + column]) - value) < 1e-4 * (1 + abs(value)))
      }
    }
    #expect(decoded[37..<74].allSatisfy { $0.isNaN })
    if dense {
      #expect(out["features"]?.shape == [5, 48])
      #expect(try readFloats(path, "features")[48..<96].allSatisfy { $0.isNaN })
    } else {
      #expect(out["undefined_rows"]?.integers() == [1])
      #expect(out["row_offsets"]?.shape == [6])
    }
  }

  @Test func tensorsThatAreNotThereAreNamed() throws {
    let sample = Sample.all[0]
    let folder = try TemporaryFolder()
    let activations = try file(sample.rows(15), folder)
    let dictionary = try sample.dictionary()
    func message(_ key: String) -> String {
      steeringError {
        _ = try SegmentEncoding(activations, averagedBy: key, with: dictionary)
      }?.message ?? ""
    }
    #expect(message("documents").contains("documents"))
    #expect(message("documents").contains("turns"))
    #expect(message("short").contains("[2]"))
    #expect(message("activations").contains("activations"))
    #expect(message("turns").isEmpty)
  }
}
