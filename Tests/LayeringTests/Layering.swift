/// The allowed graph of targets, and a check of one source text against it.
enum Layering {
  /// What each target of Sources may import; a target that is not listed is a violation.
  static let allowed: [String: Set<String>] = [
    "CKernels": [],
    "CJSON": [],
    "CMessageDigest": [],
    "CYAML": [],
    "CZlib": [],
    "Tensors": ["CKernels", "CMessageDigest"],
    "Formats": ["CJSON", "CYAML", "CZlib", "Tensors"],
    "SAE": ["Tensors"],
    "Detector": ["Tensors"],
    "Importers": ["Tensors", "Formats", "SAE"],
    "Steering": ["Tensors", "Formats", "SAE", "Detector", "Importers"],
    "Reports": ["Tensors", "Formats", "SAE", "Detector", "Steering"],
    "Watermark": ["Tensors", "Formats", "SAE", "Detector", "Steering"],
    "CSteering": [],
    "SteeringC": [
      "CSteering", "Tensors", "SAE", "Detector", "Importers", "Steering", "Watermark",
    ],
    "steerctl": [
      "Tensors", "Formats", "SAE", "Detector", "Importers", "Steering", "Reports", "Watermark",
      "ArgumentParser", "Foundation",
    ],
  ]

  /// The standard library's own modules, free for every Swift target.
  static let system: Set<String> = ["Swift", "Glibc", "Synchronization"]

  /// Targets in which the word `Unsafe` may stand in any file.
  static let unsafeTargets: Set<String> = ["SteeringC"]

  /// Everything wrong with the file `name` of `target`, in words; empty when nothing is.
  static func violations(target: String, file name: String, text: String) -> [String] {
    guard let modules = allowed[target] else {
      return ["\(target) is not in the graph of targets"]
    }
    var found: [String] = []
    for module in imports(text) where module != target {
      if !modules.contains(module), !system.contains(module) {
        found.append("\(target)/\(name) imports \(module)")
      }
    }
    if text.contains("@testable") { found.append("\(target)/\(name) uses @testable") }
    if text.contains("Unsafe"), !name.hasSuffix("+Unsafe.swift"),
      !unsafeTargets.contains(target)
    {
      found.append("\(target)/\(name) says Unsafe, and is not called *+Unsafe.swift")
    }
    return found
  }

  /// Modules that `text` imports, with any attribute, access level or kind of declaration.
  static func imports(_ text: String) -> [String] {
    let kinds: Set<Substring> = [
      "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
    ]
    var modules: [String] = []
    for line in text.split(whereSeparator: \.isNewline) {
      for statement in line.split(separator: ";") {
        let words = statement.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let place = words.firstIndex(of: "import"),
          words[..<place].allSatisfy({ isModifier($0) }), place + 1 < words.count
        else { continue }
        var name = words[place + 1]
        if kinds.contains(name), place + 2 < words.count { name = words[place + 2] }
        modules.append(String(name.prefix { $0 != "." && $0 != "/" }))
      }
    }
    return modules
  }

  private static func isModifier(_ word: Substring) -> Bool {
    word.hasPrefix("@")
      || ["public", "package", "internal", "fileprivate", "private"].contains(word)
  }
}
