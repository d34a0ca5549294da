import Foundation
import Steering
import Testing
import TestSupport

@Suite struct PlanDocumentJSONTests {
  @Test func minimalDocumentHasTheDefaults() throws {
    let plan = try PlanDocument(
      json: #"{"version": 1, "interventions": [{"feature": 1234, "alpha": 4}]}"#)
    #expect(plan == PlanDocument([Intervention(feature: 1234, alpha: 4)]))
    #expect(plan.interventions.first?.mode == .add)
    #expect(plan.interventions.first?.strength == .decoder)
    #expect(plan.scope == Scope())
    #expect(!plan.needsPromptLength)
    #expect(!plan.needsMaximumActivations)
  }

  @Test func everyFieldIsRead() throws {
    let plan = try PlanDocument(
      json: """
        {"scope": {"skip_first": 2, "ranges": [[0, 4], [9, 10]], "phase": "generated"},
         "interventions": [
           {"feature": 5, "mode": "clamp", "strength": "max-activation", "alpha": -1.5e-3,
            "max_activation": 8, "scope": {"phase": "prompt"}},
           {"mode": "project-out", "feature": 0, "scope": {}}], "version": 1}
        """)
    #expect(
      plan
        == PlanDocument(
          [
            Intervention(
              feature: 5, mode: .clamp, strength: .maximumActivation, alpha: -0.0015,
              maximumActivation: 8, scope: Scope(phase: .prompt)),
            Intervention(feature: 0, mode: .projectOut, scope: Scope()),
          ], scope: Scope(skipFirst: 2, ranges: [0..<4, 9..<10], phase: .generated)))
    #expect(plan.needsPromptLength)
  }

  @Test func everyCombinationRoundTrips() throws {
    var interventions: [Intervention] = []
    for mode in Intervention.Mode.allCases {
      for strength in Intervention.Strength.accepted(by: mode) {
        for phase in Scope.Phase.allCases {
          interventions.append(
            Intervention(
              feature: interventions.count, mode: mode, strength: strength,
              alpha: mode.takesAlpha ? 0.1 * Double(interventions.count) - 1e-300 : 0,
              maximumActivation: strength == .maximumActivation ? 1.0 / 3 : nil,
              scope: interventions.count % 2 == 0
                ? nil : Scope(skipFirst: 3, ranges: [1..<2, 5..<Int.max], phase: phase)))
        }
      }
    }
    for scope in [Scope(), Scope(skipFirst: 1, phase: .prompt)] {
      let plan = PlanDocument(interventions, scope: scope)
      #expect(try PlanDocument(json: plan.json) == plan)
    }
  }

  @Test func aMissingMaximumIsKnown() throws {
    let plan = try PlanDocument(
      json: #"{"version":1,"interventions":[{"feature":1,"alpha":2,"strength":"max-activation"}]}"#)
    #expect(plan.needsMaximumActivations)
  }

  @Test func fileErrorsNameTheFile() throws {
    let folder = try TemporaryFolder()
    try folder.write(#"{"version": 3, "interventions": []}"#, to: "plan.json")
    let path = folder.file("plan.json")
    let error = try #require(steeringError { _ = try PlanDocument(contentsOf: path) })
    #expect(error.code == .invalidPlan)
    #expect(error.message == "\(path): 'version' is 3, expected 1")
    try folder.write("{", to: "plan.json")
    let broken = try #require(steeringError { _ = try PlanDocument(contentsOf: path) })
    #expect(broken.code == .malformedFile)
    #expect(broken.message.hasPrefix(path))
    let missing = try #require(steeringError { _ = try PlanDocument(contentsOf: path + "x") })
    #expect(missing.code == .inputOutput)
  }

  static let examples: [String] = {
    let folder = Schema.folder + "/examples"
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return (names ?? []).filter { $0.hasSuffix(".json") }.sorted().map { folder + "/" + $0 }
  }()

  @Test func examplesExist() { #expect(Self.examples.count >= 4) }

  @Test(arguments: examples)
  func examplesAreValid(_ path: String) throws {
    var plan = try PlanDocument(contentsOf: path)
    #expect(try PlanDocument(json: plan.json) == plan)
    for index in plan.interventions.indices {
      // What the command line measures, and features that a small dictionary has.
      if plan.interventions[index].strength == .maximumActivation {
        plan.interventions[index].maximumActivation =
          plan.interventions[index].maximumActivation ?? 1
      }
      plan.interventions[index].feature %= 48
    }
    let compiled = try Plan(plan, dictionary: try Sample.all[0].dictionary())
    #expect(!compiled.features.isEmpty)
  }
}
