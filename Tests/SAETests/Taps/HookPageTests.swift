import Foundation
import SAE
import Testing

/// The tables of docs/hooks.md are what the code answers.
@Suite struct HookPageTests {
  private static let page = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../docs/hooks.md").standardized

  private static let schemes: [(HookScheme, String)] = [
    (.transformerLens, "TransformerLens"), (.huggingFace, "Hugging Face"),
    (.hiddenStates, "hidden states"), (.sparsify, "sparsify"), (.llamaCpp, "llama.cpp"),
    (.repeng, "repeng"), (.cvectorGenerator, "cvector-generator"),
  ]

  /// The table for one model, block 5.
  private func table(_ model: String) -> [String] {
    var lines = [
      "| " + Self.schemes.map(\.1).joined(separator: " | ") + " |",
      "|" + String(repeating: "---|", count: Self.schemes.count),
    ]
    for site in Tap.Place.Site.allCases {
      let place = Tap.Place(layer: site == .embedding ? 0 : 5, site: site)
      let cells = Self.schemes.map { scheme, _ in
        HookNames.name(of: place, in: scheme, model: model).map { "`\($0)`" } ?? "–"
      }
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines
  }

  @Test(arguments: ["Llama-3.1-8B", "gemma-3-270m"])
  func tablesAreTheCode(_ model: String) throws {
    let marker = "<!-- names of \(model) -->"
    var lines = try String(contentsOf: Self.page, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(lines.firstIndex(of: marker)) + 1
    let end = lines[start...].firstIndex { !$0.hasPrefix("|") } ?? lines.endIndex
    let environment = ProcessInfo.processInfo.environment
    if environment["STEERING_UPDATE_SNAPSHOTS"] == "1", environment["CI"] != "true" {
      lines.replaceSubrange(start..<end, with: table(model))
      try Data(lines.joined(separator: "\n").utf8).write(to: Self.page)
      return
    }
    #expect(Array(lines[start..<end]) == table(model))
  }

  @Test func everyTrapAndSchemeIsOnThePage() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    for trap in HookTrap.allCases { #expect(text.contains("| `\(trap.rawValue)` |")) }
    for scheme in [HookScheme.repeng, .cvectorGenerator] {
      #expect(text.contains("`--scheme \(scheme.rawValue)`"))
    }
  }
}
