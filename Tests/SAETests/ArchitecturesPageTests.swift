import Glibc
import SAE
import Testing

/// The page of architectures says what the code computes.
@Suite struct ArchitecturesPageTests {
  private static let all: [ActivationFunction] = [
    .relu, .jumpReLU(threshold: []), .topK(k: 1), .batchTopK(threshold: 0), .absTopK(k: 1),
    .gated(gateBias: [], magnitudeBias: [], scale: []), .signedTopK(k: 1), .groupMax(groups: 1),
    .biJumpReLU(
      BiJumpReLU(
        positiveThreshold: [], negativeThreshold: [], positiveGain: [], negativeGain: [],
        positiveOffset: [], negativeOffset: [])),
    .blockTopK(blockSize: 1, blocks: 1),
    .matchingPursuit(residualThreshold: 0, maximumIterations: 1),
  ]

  private static func page() throws -> String {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let file = try #require(fopen("/" + path + "/docs/architectures/README.md", "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The number of cases; the switch stops compiling when one is added.
  private static func number(_ activation: ActivationFunction) -> Int {
    switch activation {
    case .relu: 0
    case .jumpReLU: 1
    case .topK: 2
    case .batchTopK: 3
    case .absTopK: 4
    case .gated: 5
    case .signedTopK: 6
    case .groupMax: 7
    case .biJumpReLU: 8
    case .blockTopK: 9
    case .matchingPursuit: 10
    }
  }

  @Test func everyFormulaStandsOnThePage() throws {
    #expect(Self.all.map(Self.number) == Array(0...10))
    let page = try Self.page()
    for activation in Self.all {
      let formula = activation.formula.replacing("|", with: "\\|")
      #expect(page.contains("| `\(activation.name)` | \(formula) |"), "\(activation.name)")
    }
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(rows.count == Self.all.count)
  }
}
