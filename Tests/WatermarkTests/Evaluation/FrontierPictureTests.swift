import Formats
import Foundation
import FoundationXML
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct FrontierPictureTests {
  /// The elements of an XML text, or nil where it is not well formed.
  private final class Elements: NSObject, XMLParserDelegate {
    var names: [String: Int] = [:]
    var text = ""

    static func read(_ xml: String) -> Elements? {
      let elements = Elements()
      let parser = XMLParser(data: Data(xml.utf8))
      parser.delegate = elements
      return parser.parse() ? elements : nil
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      names[name + (attributes["class"].map { ".\($0)" } ?? ""), default: 0] += 1
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
  }

  /// Null texts that score 1 to 99, and three prompts at each strength that score as `found` says.
  private func evaluation(_ found: [(method: String, strength: Double, score: Double)]) throws
    -> WatermarkEvaluation
  {
    var options = WatermarkEvaluation.Options()
    options.minimumPerBucket = 99
    let evaluator = try WatermarkEvaluator(options)
    for number in 1...99 {
      try evaluator.add(
        ScoredText(
          id: "n\(number)", method: "human", role: .unmarked, split: "null", tokens: 10,
          statistics: ["s": Double(number)]))
    }
    for prompt in 0..<8 {
      try evaluator.add(
        ScoredText(
          id: "p\(prompt)", method: "none", role: .unmarked, tokens: 10,
          logLikelihood: -20 - Double(prompt)))
      for one in found {
        try evaluator.add(
          ScoredText(
            id: "p\(prompt)", method: one.method, strength: one.strength, role: .marked,
            tokens: 10, logLikelihood: -20 - Double(prompt) - one.strength - Double(prompt % 2),
            statistics: ["s": one.score]))
      }
    }
    return try evaluator.finish()
  }

  @Test func drawsWhatIsFound() throws {
    let evaluation = try evaluation([
      ("<a & \"b\">", 1, 50), ("<a & \"b\">", 2, 200), ("plain", 1, 200), ("by chance", 1, 3),
    ])
    let svg = FrontierPicture(evaluation).svg
    let elements = try #require(Elements.read(svg), "not well formed")
    #expect(elements.names["svg"] == 1)
    #expect(elements.names["polyline.way"] == 2)
    // Three points and two entries of the legend.
    #expect(elements.names["path.mark"] == 5)
    // One bar up and one across for every point.
    #expect(elements.names["line.bar"] == 6)
    #expect(elements.text.contains("<a & \"b\">, by s"))
    #expect(!elements.text.contains("by chance"))
    #expect(elements.text.contains("perplexity ratio to unmarked text"))
    #expect(elements.text.contains("found at a false-alarm rate of 2.275 %"))
    #expect(svg.contains("prefers-color-scheme:dark"))
    #expect(!svg.contains("href") && !svg.contains("script"), "it loads nothing")
    #expect(svg == FrontierPicture(evaluation).svg)
  }

  @Test func saysWhenThereIsNothing() throws {
    let elements = try #require(Elements.read(FrontierPicture(try evaluation([])).svg))
    #expect(elements.names["polyline.way"] == nil)
    #expect(elements.text.contains("no method is found above its false-alarm rate"))
  }

  /// More series than colours: each has a place in the legend, inside the picture.
  @Test func manySeriesFit() throws {
    let found = (0..<30).map { (method: "method-\($0)", strength: 1.0, score: 200.0) }
    let svg = FrontierPicture(try evaluation(found)).svg
    let elements = try #require(Elements.read(svg))
    #expect(elements.names["path.mark"] == 60)
    #expect(svg.contains("viewBox=\"0 0 760.0 640.0\""))
  }

  /// Whatever numbers are shown, there are some ticks, ascending, and every number has a place.
  @Test func axesTakeAllNumbers() {
    let numbers: [Double] = [
      0, 1, -1, 1e-320, 1e3, 1e19, -1e19, 1e20 + 1e5, 1e130, 1.7e308, -1.7e308, .infinity,
      -.infinity, .nan, 1 + 1e-15,
    ]
    for a in numbers {
      for b in numbers {
        let axis = PictureAxis(showing: [a, b], from: 10, to: 90)
        #expect((2...13).contains(axis.ticks.count), "\(a), \(b)")
        #expect(zip(axis.ticks, axis.ticks.dropFirst()).allSatisfy { $0 < $1 }, "\(a), \(b)")
        #expect(numbers.allSatisfy { (10...90).contains(axis.place($0)) }, "\(a), \(b)")
      }
    }
    #expect(PictureAxis(showing: [], from: 0, to: 1).ticks.first == 0)
  }

  /// A ratio that no double holds is not drawn, and nothing stops.
  @Test func endlessRatiosAreNotDrawn() throws {
    let evaluation = try evaluation([("m", 1, 200), ("m", 1e5, 200), ("m", 2e3, 200)])
    let points = try #require(evaluation.frontiers.first?.points)
    #expect(points.map { $0.perplexity?.ratio.isFinite } == [true, true, false])
    let elements = try #require(Elements.read(FrontierPicture(evaluation).svg))
    #expect(elements.names["path.mark"] == 3)
    #expect(evaluation.json.serialised().contains("\"ratio\":null"))
  }

  @Test func writesAFolderOrNothing() throws {
    let folder = try TemporaryFolder()
    let evaluation = try evaluation([("m", 1, 200)])
    let path = folder.file("out")
    try evaluation.write(to: path)
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    #expect(names == ["evaluation.json", "frontier.svg", "table.md"])
    #expect(
      try JSONValue.read(path: path + "/evaluation.json").serialised()
        == evaluation.json.serialised())
    #expect(
      try String(contentsOfFile: path + "/frontier.svg", encoding: .utf8)
        == FrontierPicture(evaluation).svg)
    #expect(
      try String(contentsOfFile: path + "/table.md", encoding: .utf8) == evaluation.markdown)
    let error = refusal { () throws(SteeringError) in try evaluation.write(to: path) }
    #expect(error?.code == .inputOutput)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
  }

  /// Names from files cannot end a cell or a line of a table.
  @Test func markdownIsEscaped() throws {
    let evaluation = try evaluation([("a|b\n*c*", 1, 200)])
    let line = try #require(
      evaluation.markdown.split(separator: "\n").first { $0.contains("100.0 [") })
    #expect(line.hasPrefix("| a\\|b\\\\u{a}\\*c\\* | 1 | s | 8 | 100.0 ["))
  }
}
