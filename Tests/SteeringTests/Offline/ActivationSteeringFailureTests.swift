import Foundation
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct ActivationSteeringFailureTests {
  private let sample = ActivationSteeringTests.sample

  /// Steers, expects an error, and expects the folder to hold the input alone.
  private func failure(
    _ recording: Recording, _ document: PlanDocument, existing: String? = nil
  ) throws -> (error: SteeringError, path: String) {
    let folder = try TemporaryFolder()
    let path = try recording.write(folder)
    if let existing { try folder.write(existing, to: "out") }
    let dictionary = try sample.dictionary()
    let found = steeringError {
      _ = try ActivationSteering.run(
        try Plan(document, dictionary: dictionary),
        on: try Activations(path, shape: recording.givenShape), to: folder.file("out"))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count == (existing == nil ? 1 : 2), "\(names)")
    if let existing { #expect(try folder.bytes("out") == Array(existing.utf8)) }
    return (try #require(found), path)
  }

  private let add = PlanDocument([Intervention(feature: 4, alpha: 1)])

  @Test func aFailingRowIsNamedAndNothingIsLeft() throws {
    var rows = sample.rows(7)
    rows[5][11] = .nan
    for existing in [nil, "an older result"] {
      let (error, path) = try failure(Recording(.raw, .f32, rows), add, existing: existing)
      #expect(error.code == .nonFinite)
      #expect(error.message.hasPrefix("\(path): row 5, column 11 is"))
    }
  }

  @Test func aRowThatFitsF32ButNotF16IsNamed() throws {
    let document = PlanDocument(
      [Intervention(feature: 4, strength: .unit, alpha: 1e6)], scope: Scope(skipFirst: 3))
    let (error, path) = try failure(Recording(.npy, .f16, sample.rows(5)), document)
    #expect(error.code == .nonFinite)
    #expect(error.message.hasPrefix("\(path): row 3: the edited row does not fit into F16"))
  }

  @Test func overflowNamesTheRow() throws {
    var rows = sample.rows(5)
    rows[2] = rows[2].map { $0 > 0 ? 3.3e38 : -3.3e38 }
    let document = PlanDocument([Intervention(feature: 4, strength: .relative, alpha: 3)])
    let (error, path) = try failure(Recording(.raw, .f32, rows), document)
    #expect(error.code == .nonFinite)
    #expect(error.message.hasPrefix("\(path): row 2: "))
  }

  @Test(arguments: [Scope.Phase.prompt, .generated])
  func aPhaseNeedsThePromptLength(_ phase: Scope.Phase) throws {
    let document = PlanDocument([
      Intervention(feature: 4, alpha: 1),
      Intervention(feature: 5, alpha: 1, scope: Scope(phase: phase)),
    ])
    let (error, _) = try failure(Recording(.raw, .f32, sample.rows(3)), document)
    #expect(error.code == .invalidPlan)
    #expect(error.message.contains("give the prompt length"))
  }

  @Test func anotherWidthIsRefused() throws {
    let rows = sample.rows(3).map { Array($0.dropLast()) }
    let (error, path) = try failure(Recording(.npy, .f32, rows), add)
    #expect(error.code == .shapeMismatch)
    #expect(
      error.message == "\(path): npy array has rows of width 36, expected 37, the dictionary's"
        + " output width")
  }

  @Test func negativePositionsAreRefused() throws {
    var recording = Recording(.safetensors, .f32, sample.rows(3))
    recording.positions = [0, -1, 2]
    let (error, path) = try failure(recording, add)
    #expect(error.code == .malformedFile)
    #expect(error.message == "\(path): 'positions[1]' is -1, expected 0 or more")
  }

  @Test func thelargestPositionIsSurvived() throws {
    let folder = try TemporaryFolder()
    let row = TestTensor("x", [1, 37], sample.rows(1)[0])
    let last = TestTensor(
      "positions", .i64, [1], bytes: Array(repeating: 0xFF, count: 7) + [0x7F])
    try writeSafetensors(folder.file("in.safetensors"), [row, last])
    let report = try ActivationSteering.run(
      try Plan(add, dictionary: try sample.dictionary()),
      on: try Activations(folder.file("in.safetensors")), to: folder.file("out"))
    #expect(report.rowsEdited == 1)
  }

  @Test func aFolderThatDoesNotExistIsAnEnvironmentError() throws {
    let folder = try TemporaryFolder()
    let path = try Recording(.raw, .f32, sample.rows(3)).write(folder)
    let dictionary = try sample.dictionary()
    let error = try #require(
      steeringError {
        _ = try ActivationSteering.run(
          try Plan(add, dictionary: dictionary), on: try Activations(path, shape: [3, 37]),
          to: folder.file("none/out"))
      })
    #expect(error.code == .inputOutput)
    #expect(error.message.contains("none/out"))
  }
}
