import Formats
import Foundation
import Reports
import Steering
import TestSupport
import Testing

/// Every field of a summary that the page's script reads is checked before a page is written.
@Suite struct PageSummaryTests {
  static let wrong: [(old: String, new: String, message: String)] = [
    ("\"name\":\"bank</script>\"", "\"name\":1", "'detector.name' is 1.0, expected a string"),
    ("\"kind\":\"bank\",", "", "key 'detector.kind' is missing"),
    ("\"dictionary\":\"d\"", "\"dictionary\":{}", "key 'detector.dictionary.name' is missing"),
    ("\"rate\":0.0228", "\"rate\":0", "'rate' is 0.0, expected a number between 0 and 1"),
    ("\"combination\":null", "\"combination\":2", "'combination' is 2.0, expected a string"),
    ("\"limits\":{}", "\"limits\":{\"empty\":-1}", "'limits.empty' is -1.0, expected an integer"),
    (
      "\"tokens\":{\"kept\":1,\"special\":0,\"sink\":0,\"undefined\":0},", "",
      "key 'tokens' is missing"
    ),
    ("\"sink\":0,", "", "key 'tokens.sink' is missing"),
    (
      "\"combined\":null", "\"combined\":{\"flagged\":1,\"share\":2}",
      "'combined.share' is 2.0, expected 0 to 1"
    ),
    ("\"shards\":[]", "\"shards\":[{\"name\":\"a\"}]", "key 'shards[0].status' is missing"),
    (",\"failed_shards\":0", "", "key 'failed_shards' is missing"),
    ("\"scored\":3", "\"scored\":0.5", "'structures[0].scored' is 0.5, expected an integer"),
    ("\"tested\":3", "\"tested\":1e300", "'structures[0].tested' is 1e+300, expected an integer"),
    ("\"flagged\":1,", "", "key 'structures[0].flagged' is missing"),
    ("\"share\":0.25", "\"share\":\"x\"", "'structures[0].share' is a string, expected 0 to 1"),
    ("\"share\":0.25", "\"share\":null", "'structures[0].share' is null, expected 0 to 1"),
    ("[0.1,0.5]", "[0.1]", "'structures[0].interval' is an array, expected two numbers"),
    ("\"flagged_bh\":0,", "", "key 'structures[0].flagged_bh' is missing"),
    ("\"expected\":0.0228", "\"expected\":0", "'structures[0].expected' is 0.0, expected a number"),
    (
      "\"z_histogram\":{\"lower\":-5,\"width\":0.25,\"counts\":[1,0,2]},", "",
      "key 'structures[0].z_histogram' is missing"
    ),
    ("\"lower\":-5", "\"lower\":-1e9", "'structures[0].z_histogram.lower' is -1000000000.0"),
    ("\"width\":0.25", "\"width\":0", "'structures[0].z_histogram.width' is 0.0, expected 0.001"),
    (
      "[1,0,2]", "[]", "'structures[0].z_histogram.counts' has 0 elements, expected 1 to 1000"
    ),
    (
      "[1,0,2]", "[1,-1]",
      "'structures[0].z_histogram.counts[1]' is -1.0, expected an integer, 0 or more"
    ),
    ("\"labelled\":null", "\"labelled\":{}", "key 'structures[0].labelled.with' is missing"),
    (
      "\"labelled\":null",
      "\"labelled\":{\"with\":1,\"without\":1,\"auroc\":0.5,\"interval\":[0,1],\"roc\":[[0]]}",
      "'structures[0].labelled.roc[0]' is an array, expected two numbers from 0 to 1"
    ),
  ]

  @Test(arguments: wrong)
  func wrongFieldsAreNamed(_ old: String, _ new: String, _ message: String) throws {
    let run = try PageRun([PageRun.line("one")])
    try run.changeSummary(old, new)
    let error = #expect(throws: SteeringError.self) { try run.write() }
    #expect(error?.code == .malformedFile)
    #expect(error?.message.contains("/summary.json: \(message)") == true, "\(error?.message ?? "")")
    #expect(!FileManager.default.fileExists(atPath: run.folder.file("page.html")))
  }

  /// A run without p-values has no shares and intervals.
  @Test func whatARunMayLackIsAccepted() throws {
    let run = try PageRun([PageRun.line("one", z: nil)])
    try run.changeSummary(
      "\"share\":0.25,\"interval\":[0.1,0.5]", "\"share\":null,\"interval\":null")
    try run.changeSummary("\"dictionary\":\"d\"", "\"dictionary\":{\"name\":\"d\"}")
    #expect(try run.write().outcome.documents == 1)
  }
}
