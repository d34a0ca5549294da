import Steering
import Testing

@Suite struct PlanDocumentMalformedTests {
  /// A text, and the sentence that must come out.
  struct Case: Sendable, CustomStringConvertible {
    var text: String
    var message: String
    var description: String { text }

    init(_ text: String, _ message: String) {
      self.text = text
      self.message = message
    }

    /// One intervention with these members.
    init(edit: String, _ message: String) {
      self.init(#"{"version": 1, "interventions": [{\#(edit)}]}"#, message)
    }

    /// A plan scope with these members.
    init(scope: String, _ message: String) {
      self.init(
        #"{"version": 1, "scope": {\#(scope)}, "interventions": [{"feature": 1, "alpha": 1}]}"#,
        message)
    }
  }

  private static let modes =
    "one of add, clamp, floor, ceiling, scale, ablate, project-out"
  private static let range = "an array of [start, end] with 0 <= start < end"
  private static let scopeKeys = "accepted: skip_first, ranges, phase"

  static let cases = [
    Case("[]", "'plan' is [], expected an object"),
    Case("3", "'plan' is 3, expected an object"),
    Case("null", "'plan' is null, expected an object"),
    Case("{}", "key 'version' is missing, expected 1"),
    Case(#"{"version": 1}"#, "key 'interventions' is missing, expected an array of interventions"),
    Case(#"{"version": 2, "interventions": []}"#, "'version' is 2, expected 1"),
    Case(#"{"version": 1.0, "interventions": []}"#, "'version' is 1.0, expected an integer"),
    Case(#"{"version": "1", "interventions": []}"#, "'version' is \"1\", expected an integer"),
    Case(
      #"{"version": 1, "interventions": []}"#,
      "'interventions' is empty, expected at least one intervention"),
    Case(
      #"{"version": 1, "interventions": {}}"#,
      "'interventions' is {}, expected an array of interventions"),
    Case(
      #"{"version": 1, "interventions": [4]}"#, "'interventions[0]' is 4, expected an object"),
    Case(
      #"{"version": 1, "edits": []}"#,
      "unknown key 'edits', accepted: version, interventions, scope"),
    Case(
      edit: #""feature": 1, "alpha": 2, "Alpha": 2"#,
      "unknown key 'interventions[0].Alpha', accepted: feature, mode, strength, alpha,"
        + " max_activation, scope"),
    Case(scope: #""skip": 1"#, "unknown key 'scope.skip', " + scopeKeys),
    Case(
      edit: #""feature": 1, "alpha": 1, "scope": {"x": 1}"#,
      "unknown key 'interventions[0].scope.x', " + scopeKeys),
    Case(
      edit: #""alpha": 1"#, "key 'interventions[0].feature' is missing, expected a feature index"),
    Case(
      edit: #""feature": "1", "alpha": 1"#,
      "'interventions[0].feature' is \"1\", expected an integer"),
    Case(
      edit: #""feature": 1.5, "alpha": 1"#,
      "'interventions[0].feature' is 1.5, expected an integer"),
    Case(
      edit: #""feature": 1e3, "alpha": 1"#,
      "'interventions[0].feature' is 1000.0, expected an integer"),
    Case(
      edit: #""feature": null, "alpha": 1"#,
      "'interventions[0].feature' is null, expected an integer"),
    Case(edit: #""feature": 1"#, "key 'interventions[0].alpha' is missing, expected a number"),
    Case(
      edit: #""feature": 1, "mode": "clamp""#,
      "key 'interventions[0].alpha' is missing, expected a number"),
    Case(
      edit: #""feature": 1, "alpha": "4""#, "'interventions[0].alpha' is \"4\", expected a number"),
    Case(
      edit: #""feature": 1, "alpha": true"#, "'interventions[0].alpha' is true, expected a number"),
    Case(
      edit: #""feature": 1, "mode": "ablate", "alpha": 0"#,
      "'interventions[0].alpha' is 0, expected no alpha with mode ablate"),
    Case(
      edit: #""feature": 1, "mode": "project-out", "alpha": 0.5"#,
      "'interventions[0].alpha' is 0.5, expected no alpha with mode project-out"),
    Case(
      edit: #""feature": 1, "mode": "Add", "alpha": 1"#,
      "'interventions[0].mode' is \"Add\", expected \(modes)"),
    Case(
      edit: #""feature": 1, "mode": 3, "alpha": 1"#,
      "'interventions[0].mode' is 3, expected \(modes)"),
    Case(
      edit: #""feature": 1, "strength": "max", "alpha": 1"#,
      "'interventions[0].strength' is \"max\","
        + " expected one of decoder, unit, relative, max-activation"),
    Case(
      edit: #""feature": 1, "strength": "max-activation", "alpha": 1, "max_activation": []"#,
      "'interventions[0].max_activation' is [], expected a number"),
    Case(
      edit: #""feature": 1, "alpha": 1, "max_activation": 8"#,
      "'interventions[0].max_activation' is 8,"
        + " expected no max_activation with strength decoder"),
    Case(
      edit: #""feature": 1, "alpha": 1}, {"feature": 2, "alpha": 1, "scope": [1, 2]"#,
      "'interventions[1].scope' is [1,2], expected an object"),
    Case(scope: #""skip_first": 1.5"#, "'scope.skip_first' is 1.5, expected an integer"),
    Case(
      scope: #""phase": "answer""#,
      "'scope.phase' is \"answer\", expected one of all, prompt, generated"),
    Case(scope: #""ranges": 4"#, "'scope.ranges' is 4, expected \(range)"),
    Case(scope: #""ranges": [4, 5]"#, "'scope.ranges[0]' is 4, expected \(range)"),
    Case(scope: #""ranges": [[1, 2], [5, 5]]"#, "'scope.ranges[1]' is [5,5], expected \(range)"),
    Case(scope: #""ranges": [[7, 5]]"#, "'scope.ranges[0]' is [7,5], expected \(range)"),
    Case(scope: #""ranges": [[-1, 5]]"#, "'scope.ranges[0]' is [-1,5], expected \(range)"),
    Case(scope: #""ranges": [[1, 2, 3]]"#, "'scope.ranges[0]' is [1,2,3], expected \(range)"),
    Case(scope: #""ranges": [[1, 2.5]]"#, "'scope.ranges[0]' is [1,2.5], expected \(range)"),
  ]

  @Test(arguments: cases)
  func theFieldIsNamed(_ example: Case) throws {
    let error = try #require(steeringError { _ = try PlanDocument(json: example.text) })
    #expect(error.code == .invalidPlan)
    #expect(error.message == example.message)
  }

  static let notJSON = [
    Case("", "not valid JSON"), Case("{", "not valid JSON"),
    Case("{\"version\": 1,}", "not valid JSON"),
    Case(edit: #""feature": 1, "feature": 2, "alpha": 1"#, "key 'feature' appears twice"),
    Case(#"{"version": 1, "version": 1, "interventions": []}"#, "key 'version' appears twice"),
    Case(edit: #""feature": 99999999999999999999, "alpha": 1"#, "integer 99999999999999999999"),
    Case(edit: #""feature": 1, "alpha": 1e999"#, "number 1e999 is out of range"),
    Case(edit: #""feature": 1, "alpha": NaN"#, "not valid JSON"),
    Case(
      #"{"version": 1, "interventions": "# + String(repeating: "[", count: 5000), "limit"),
  ]

  @Test(arguments: notJSON)
  func whatIsNotJSONIsAMalformedFile(_ example: Case) throws {
    let error = try #require(steeringError { _ = try PlanDocument(json: example.text) })
    #expect(error.code == .malformedFile)
    let expected = example.message == "limit" ? "expected at most" : example.message
    #expect(error.message.contains(expected), "\(error.message)")
  }

  @Test func numbersBeyondTheirRangeAreRefusedWhenCompiled() throws {
    let dictionary = try Sample.all[0].dictionary()
    for (edit, field) in [
      (#""feature": 1, "alpha": 1e300"#, "alpha"),
      (#""feature": 9223372036854775807, "alpha": 1"#, "feature"),
      (#""feature": -9223372036854775808, "alpha": 1"#, "feature"),
      (#""feature": 1, "alpha": 1, "scope": {"skip_first": -5}"#, "scope.skip_first"),
    ] {
      let plan = try PlanDocument(json: #"{"version": 1, "interventions": [{\#(edit)}]}"#)
      let error = try #require(steeringError { _ = try Plan(plan, dictionary: dictionary) })
      #expect(error.code == .invalidPlan)
      #expect(error.message.hasPrefix("'interventions[0].\(field)' is "), "\(error.message)")
    }
    let large = try #require(
      steeringError {
        _ = try PlanDocument(
          json: #"{"version":1,"interventions":[{"feature":18446744073709551615,"alpha":1}]}"#)
      })
    #expect(large.message.hasPrefix("'interventions[0].feature' is 18446744073709551615"))
  }
}
