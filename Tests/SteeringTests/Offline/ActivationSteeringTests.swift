import Foundation
import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct ActivationSteeringTests {
  static let sample = Sample("jumpReLU", { .jumpReLU(threshold: $0.threshold) })

  /// Every container and type; safetensors with companions and data at an odd address.
  static let recordings: [Recording] = {
    var all: [Recording] = []
    for type in [ElementType.f32, .bf16, .f16] {
      var plain = Recording(.safetensors, type, sample.rows(9))
      all.append(plain)
      plain.padding = 3
      plain.positions = [0, 1, 2, 3, 0, 1, 2, 3, 4]
      plain.special = [true, false, false, false, true, false, false, false, false]
      all.append(plain)
    }
    all.append(Recording(.npy, .f32, sample.rows(9)))
    all.append(Recording(.npy, .f16, sample.rows(9)))
    all.append(Recording(.raw, .f32, sample.rows(9)))
    return all
  }()

  /// Steers the file; returns the report and the bytes of input and output.
  private func run(
    _ recording: Recording, _ document: PlanDocument, promptLength: Int? = nil
  ) throws -> (report: ApplyReport, input: [UInt8], output: [UInt8]) {
    let folder = try TemporaryFolder()
    let path = try recording.write(folder)
    let activations = try Activations(path, shape: recording.givenShape)
    let plan = try Plan(document, dictionary: try Self.sample.dictionary())
    let report = try ActivationSteering.run(
      plan, on: activations, to: folder.file("out"), promptLength: promptLength)
    let input = recording.bytes
    #expect(try folder.bytes((path as NSString).lastPathComponent) == input)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    return (report, input, try folder.bytes("out"))
  }

  /// The output's bytes with a session applied by hand, row by row.
  private func expected(
    _ recording: Recording, _ document: PlanDocument, promptLength: Int = .max
  ) throws -> (bytes: [UInt8], edited: Int) {
    let session = Session(
      try Plan(document, dictionary: try Self.sample.dictionary()), promptLength: promptLength)
    var bytes = recording.bytes
    var edited = 0
    for (index, row) in recording.rows.enumerated() {
      session.seek(to: recording.positions?[index] ?? index)
      var values = Recording.stored(row, recording.elementType)
      guard try session.apply(toArray: &values).outcome == .edited else { continue }
      edited += 1
      let stored = Recording.bytes(values, recording.elementType)
      let start = recording.dataOffset + index * stored.count
      bytes.replaceSubrange(start..<(start + stored.count), with: stored)
    }
    return (bytes, edited)
  }

  static let documents = [
    PlanDocument([Intervention(feature: 4, alpha: 3)], scope: Scope(skipFirst: 1)),
    PlanDocument([
      Intervention(feature: 5, mode: .clamp, alpha: 2, scope: Scope(ranges: [2..<4])),
      Intervention(feature: 9, mode: .ablate),
      Intervention(feature: 20, mode: .ceiling, alpha: 0.1, scope: Scope(phase: .generated)),
    ]),
  ]

  @Test(arguments: recordings, documents)
  func outputIsTheInputExceptForEditedRows(
    _ recording: Recording, _ document: PlanDocument
  ) throws {
    let result = try run(recording, document, promptLength: 2)
    let expected = try expected(recording, document, promptLength: 2)
    #expect(result.output == expected.bytes)
    #expect(result.output != result.input)
    #expect(result.report.rowCount == 9)
    #expect(result.report.rowsEdited == expected.edited)
    #expect(result.report.rowsUndefined == 0)
    #expect(result.report.outputByteCount == result.input.count)
    let special = recording.special.map { _ in document == Self.documents[0] ? 0 : nil } ?? nil
    if document == Self.documents[0] { #expect(result.report.specialRowsEdited == special) }
  }

  @Test(arguments: recordings)
  func addingNothingGivesTheSameFile(_ recording: Recording) throws {
    let result = try run(recording, PlanDocument([Intervention(feature: 4, alpha: 0)]))
    #expect(result.output == result.input)
    #expect(result.report.rowsEdited == 0)
    #expect(result.report.dose == nil)
  }

  @Test func positionsOfTheFileCount() throws {
    var recording = Recording(.safetensors, .f32, Self.sample.rows(6))
    recording.positions = [0, 1, 0, 1, 2, 0]
    let document = PlanDocument([Intervention(feature: 4, alpha: 3)], scope: Scope(skipFirst: 1))
    let result = try run(recording, document)
    #expect(result.output == (try expected(recording, document)).bytes)
    #expect(result.report.rowsEdited == 3)
    recording.positions = nil
    #expect(try run(recording, document).report.rowsEdited == 5)
  }

  @Test func noRowsAtAll() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: folder.file("in.bin")))
    let plan = try Plan(Self.documents[0], dictionary: try Self.sample.dictionary())
    let activations = try Activations(folder.file("in.bin"), shape: [0, 37])
    let report = try ActivationSteering.run(plan, on: activations, to: folder.file("out"))
    #expect(report.rowCount == 0)
    #expect(try folder.bytes("out").isEmpty)
  }

  @Test func reportCountsWhatASessionSees() throws {
    let recording = Recording(.raw, .f32, Self.sample.rows(40))
    let document = PlanDocument(
      [Intervention(feature: 5, mode: .clamp, alpha: 6), Intervention(feature: 8, alpha: 1)],
      scope: Scope(skipFirst: 3))
    let result = try run(recording, document)
    let oracle = Oracle(sample: Self.sample)
    #expect(result.report.features.map(\.feature) == [5, 8])
    let clamped = try #require(result.report.features.first)
    let before = recording.rows[3...].map { oracle.activations($0.map(Double.init))[5] }
    let after = recording.rows[3...].map {
      oracle.activations(oracle.edited($0, document.interventions).row)[5]
    }
    #expect(clamped.rowsInScope == 37)
    #expect(clamped.rowsTouched == 37)
    #expect(clamped.activeBefore == before.count { $0 > 0 })
    #expect(clamped.activeAfter == after.count { $0 > 0 })
    #expect(clamped.activeBefore > 0 && clamped.activeBefore < 37)
    let mean = try #require(clamped.meanBefore)
    #expect(abs(mean - before.reduce(0, +) / 37) < 1e-4)
    let meanAfter = try #require(clamped.meanAfter)
    #expect(abs(meanAfter - after.reduce(0, +) / 37) < 1e-4)
    let largest = try #require(clamped.maximumBefore)
    #expect(abs(largest - (before.max() ?? 0)) < 1e-4)
    let largestAfter = try #require(clamped.maximumAfter)
    #expect(abs(largestAfter - (after.max() ?? 0)) < 1e-4)
    let doses = recording.rows[3...].map { row -> Double in
      let delta = zip(oracle.edited(row, document.interventions).row, row).map { $0 - Double($1) }
      return oracle.norm(delta) / oracle.norm(row.map(Double.init))
    }.sorted()
    let dose = try #require(result.report.dose)
    #expect(abs(dose.minimum - doses[0]) < 1e-5)
    #expect(abs(dose.median - doses[18]) < 1e-5)
    #expect(abs(dose.maximum - doses[36]) < 1e-5)
    #expect(dose.histogram.reduce(0, +) == 37)
  }

  @Test func rowsThatCannotBeNormalisedAreCounted() throws {
    let sample = Sample("norm", { _ in .relu }, .rootWidthOverNorm)
    var rows = sample.rows(4)
    rows[2] = Array(repeating: 0, count: 37)
    let folder = try TemporaryFolder()
    let recording = Recording(.raw, .f32, rows)
    let plan = try Plan(
      PlanDocument([Intervention(feature: 1, alpha: 2)]), dictionary: try sample.dictionary())
    let report = try ActivationSteering.run(
      plan, on: try Activations(try recording.write(folder), shape: [4, 37]),
      to: folder.file("out"))
    #expect(report.rowsUndefined == 1)
    #expect(report.rowsEdited == 3)
    #expect(report.features.first?.rowsInScope == 4)
    #expect(report.features.first?.rowsTouched == 3)
    let bytes = try folder.bytes("out")
    #expect(bytes[(2 * 37 * 4)..<(3 * 37 * 4)].allSatisfy { $0 == 0 })
  }
}
