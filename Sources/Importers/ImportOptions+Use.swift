extension ImportOptions {
  /// The options that only some layouts can use.
  enum Choice: String, CaseIterable {
    case layer
    case k
    case kind
    case architecture
    case activationUnits
    case activationScale
  }

  /// The choices that the caller made.
  private var made: [Choice] {
    Choice.allCases.filter { choice in
      switch choice {
      case .layer: layer != nil
      case .k: k != nil
      case .kind: kind != nil
      case .architecture: architecture != nil
      case .activationUnits: activationUnits != nil
      case .activationScale: activationScale != .fromFiles
      }
    }
  }

  /// Throws when a choice was made that `format` has no use for, rather than to ignore it.
  func check(uses used: [Choice], in format: DictionaryFormat) throws(ImportError) {
    for choice in made where !used.contains(choice) {
      throw ImportError(
        .refused(
          what: "the option '\(choice.rawValue)' with layout '\(format.rawValue)'",
          why: "its files leave nothing open there", advice: "leave the option out"))
    }
  }
}
