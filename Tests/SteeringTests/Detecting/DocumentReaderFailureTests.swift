import Detector
import SAE
import Steering
import Testing
import TestSupport

@Suite struct DocumentReaderFailureTests {
  private static let sample = Sample.all[0]

  private func failure(
    _ shard: Shard, withDocuments: Bool = true
  ) throws -> (code: SteeringError.Code, message: String) {
    let folder = try TemporaryFolder()
    let path = try shard.write(folder, withDocuments: withDocuments)
    let dictionary = try shard.sample.dictionary()
    let error = try #require(
      steeringError {
        _ = try DocumentReader(path, source: .rows(dictionary), masking: Masking()).all()
      })
    return (
      error.code,
      error.message.split(separator: folder.path + "/", omittingEmptySubsequences: false)
        .joined(separator: "")
    )
  }

  @Test func documentsMustComeInRuns() throws {
    var shard = Shard(Self.sample, lengths: [1, 2, 1])
    shard.numbers = [4, 6, 4]
    #expect(
      try failure(shard)
        == (
          .malformedFile,
          "shard.safetensors: 'documents[3]' is 4 after 6, expected ascending runs"
        ))
  }

  @Test func badRowsAreNamed() throws {
    var shard = Shard(Self.sample, lengths: [600, 2])
    shard.rows[601][5] = .nan
    let error = try failure(shard)
    #expect(error.code == .nonFinite)
    #expect(error.message.hasPrefix("shard.safetensors: ") && error.message.contains("row 601"))
    #expect(error.message.contains("column 5"))
  }

  @Test func widthsMustFit() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("shard.safetensors")
    try writeSafetensors(
      path, [TestTensor("activations", [2, 36], Array(repeating: 1, count: 72))])
    let dictionary = try Self.sample.dictionary()
    let error = steeringError {
      _ = try DocumentReader(path, source: .rows(dictionary), masking: Masking())
    }
    #expect(error?.code == .shapeMismatch)
    #expect(
      error?.message
        == "\(path): safetensors tensor 'activations' has rows of width 36, expected 37, the"
        + " dictionary's input width")
  }

  /// Lines beside documents 1 and 4, of 2 and 1 rows, and what reading must say.
  @Test(arguments: [
    (
      [#"{"document":1}"#],
      "shard.documents.jsonl: ends after 1 documents, expected a line for row 2 of shard.safetensors"
    ),
    (
      [#"{"document":1}"#, #"{"document":5}"#],
      "shard.documents.jsonl:2: 'document' is 5, expected 4 as in row 2 of shard.safetensors"
    ),
    (
      [#"{"id":"a"}"#],
      "shard.documents.jsonl:1: 'document' is missing, expected 1 as in row 0 of shard.safetensors"
    ),
    (
      [#"{"document":1}"#, #"{"document":4}"#, #"{"document":7}"#],
      "shard.documents.jsonl:3: has no rows, expected 2 documents as in shard.safetensors"
    ),
    (
      [#"{"document":1,"pieces":["a"]}"#],
      "shard.documents.jsonl:1: 'pieces' says 1 rows, expected 2 as from row 0 of shard.safetensors"
    ),
    (
      [#"{"document":1,"segments":[1,2,3]}"#],
      "shard.documents.jsonl:1: 'segments' says 3 rows, expected 2 as from row 0 of shard.safetensors"
    ),
    (
      [#"{"document":1,"labels":{"past":1}}"#],
      "shard.documents.jsonl:1: field 'labels.past' is 1, expected true or false"
    ),
    (
      [#"{"document":1,"pieces":["a",2]}"#],
      "shard.documents.jsonl:1: field 'pieces[1]' is 2, expected a string"
    ),
    (
      [#"{"document":1}"#, #"{"document":4"#],
      "shard.documents.jsonl:2: not valid JSON"
    ),
    (["[1]"], "shard.documents.jsonl:1: field 'line' is an array, expected an object"),
  ])
  func linesMustFitTheRows(_ lines: [String], _ expected: String) throws {
    var shard = Shard(Self.sample, lengths: [2, 1])
    shard.lines = lines
    let error = try failure(shard)
    #expect(error.code == .malformedFile)
    #expect(error.message.hasPrefix(expected), "\(error.message)")
  }

  @Test func rowsThatRunOutAreAnError() throws {
    var shard = Shard(Self.sample, lengths: [3])
    shard.lines = [#"{"rows":2}"#, #"{"rows":2}"#]
    #expect(
      try failure(shard, withDocuments: false).message
        == "shard.documents.jsonl:2: 'rows' says 2 rows, expected 1 as from row 2 of"
        + " shard.safetensors")
    shard.lines = [#"{"rows":0}"#, #"{"rows":3}"#]
    #expect(
      try failure(shard, withDocuments: false).message.contains(":1: 'rows' says 0 rows"))
  }

  @Test func segmentsMustAgree() throws {
    var shard = Shard(Self.sample, lengths: [2])
    shard.segments = [1, 2]
    shard.lines = [#"{"document":1,"segments":[1,3]}"#]
    #expect(
      try failure(shard).message
        == "shard.documents.jsonl:1: 'segments[1]' is 3, expected 2 as in row 1 of"
        + " shard.safetensors")
  }

  @Test func columnsMustBeOnePerRow() throws {
    var shard = Shard(Self.sample, lengths: [2])
    shard.positions = [0]
    #expect(
      try failure(shard).message
        == "shard.safetensors: tensor 'positions' has shape [1], expected [2], one per row")
    shard.positions = [0, -1]
    #expect(
      try failure(shard).message
        == "shard.safetensors: 'positions[1]' is -1, expected 0 or more")
  }
}
