import Foundation
import Testing

@Suite struct LayeringTests {
  private static let sources = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../Sources").standardized.path

  /// Every Swift file under Sources, as target and path within it.
  private static func files() throws -> [(target: String, path: String)] {
    let all = try #require(FileManager.default.enumerator(atPath: sources))
    return all.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { path in
      let parts = path.split(separator: "/", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : path)
    }
  }

  @Test func everyFileKeepsToTheGraph() throws {
    let files = try Self.files()
    #expect(files.count > 50)
    for file in files {
      let path = "\(Self.sources)/\(file.target)/\(file.path)"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(
        Layering.violations(target: file.target, file: file.path, text: text) == [])
    }
  }

  @Test func everyFolderIsAKnownTarget() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.sources) {
      #expect(Layering.allowed[name] != nil, "\(name) is not in the graph of targets")
    }
  }

  /// No target reaches itself: the graph is one of layers.
  @Test func theGraphHasNoCycle() {
    var settled: Set<String> = ["ArgumentParser", "Foundation"]
    var left = Layering.allowed
    while let next = left.first(where: { $0.value.isSubset(of: settled) }) {
      settled.insert(next.key)
      left[next.key] = nil
    }
    #expect(left.isEmpty)
    #expect(Layering.allowed.filter { $0.value.contains("Foundation") }.map(\.key) == ["steerctl"])
    let equals = ["Formats", "SAE", "Detector"]
    for name in equals {
      #expect(Layering.allowed[name]?.isDisjoint(with: equals) == true)
    }
  }

  /// A violation planted in a text, and the words it must be reported in.
  static let planted = [
    ("Formats", "A.swift", "import SAE", "Formats/A.swift imports SAE"),
    ("SAE", "A.swift", "import Formats", "SAE/A.swift imports Formats"),
    ("Detector", "A.swift", "package import Steering", "Detector/A.swift imports Steering"),
    ("Tensors", "A.swift", "import Foundation", "Tensors/A.swift imports Foundation"),
    ("Steering", "A.swift", "\timport Foundation", "Steering/A.swift imports Foundation"),
    ("SAE", "A.swift", "@_exported import CJSON", "SAE/A.swift imports CJSON"),
    ("SAE", "A.swift", "import struct Formats.JSONValue", "SAE/A.swift imports Formats"),
    ("SAE", "A.swift", "import Tensors; import Formats", "SAE/A.swift imports Formats"),
    ("Tensors", "A.swift", "public import Steering", "Tensors/A.swift imports Steering"),
    ("steerctl", "A.swift", "import CKernels", "steerctl/A.swift imports CKernels"),
    ("Rogue", "A.swift", "", "Rogue is not in the graph of targets"),
    (
      "SAE", "B/A.swift", "let p: UnsafePointer<Float>",
      "SAE/B/A.swift says Unsafe, and is not called *+Unsafe.swift"
    ),
    ("SAE", "A.swift", "@testable import Tensors", "SAE/A.swift uses @testable"),
  ]

  @Test(arguments: planted)
  func plantedViolationIsFound(
    _ example: (target: String, file: String, text: String, message: String)
  ) {
    let text = "// A comment.\n\(example.text)\n\nstruct A {}\n"
    #expect(
      Layering.violations(target: example.target, file: example.file, text: text)
        == [example.message])
  }

  @Test func whatIsAllowedIsNotReported() {
    let text = """
      import Glibc
      import Tensors

      /// We import SAE nowhere.
      let words = "import Formats"
      let p: UnsafePointer<Float>
      """
    #expect(Layering.violations(target: "SAE", file: "P+Unsafe.swift", text: text) == [])
    #expect(Layering.imports(text) == ["Glibc", "Tensors"])
  }
}
