import ArgumentParser

/// What is wrong with the arguments before any verb looks at them.
enum Arguments {
  /// Throws unless all arguments are text and the first names a verb or asks for help.
  static func check(verbs: [String]) throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      // Swift's own list repairs such bytes, and so would open another file than was named.
      guard String(validatingCString: argument) != nil else {
        throw ValidationError("argument \(index) is not valid UTF-8, expected text")
      }
    }
    guard let first = CommandLine.arguments.dropFirst().first else { return }
    let known = verbs + ["help"]
    if !first.hasPrefix("-"), !known.contains(first) {
      throw ValidationError("no verb '\(first)', expected \(verbs.joined(separator: ", "))")
    }
  }
}
