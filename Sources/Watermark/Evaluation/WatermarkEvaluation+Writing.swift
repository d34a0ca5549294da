import Formats
import Steering

extension WatermarkEvaluation {
  /// The tables and notes as Markdown.
  package var markdown: String {
    (tables.map(\.markdown) + (notes.isEmpty ? [] : [notes.map { "- \($0)\n" }.joined()]))
      .joined(separator: "\n")
  }

  /// Writes `evaluation.json`, `table.md` and `frontier.svg` into a new folder at `path`.
  ///
  /// The folder appears complete or not at all.
  /// - Throws: `invalidArgument` when something is at `path`; `inputOutput`.
  public func write(to path: String) throws(SteeringError) {
    // All is made before anything is written.
    let contents = [
      ("evaluation.json", json.serialised(pretty: true) + "\n"), ("table.md", markdown),
      ("frontier.svg", FrontierPicture(self).svg),
    ]
    try SteeringError.rendering { () throws(FormatError) in
      let folder = try OutputFolder.create(path)
      for (name, content) in contents {
        let file = try OutputFile.create(folder.file(name))
        try file.write(content)
        try file.commit()
      }
      try folder.commit()
    }
  }

  /// Refuses a path at which a new folder cannot be written, before any work is done.
  ///
  /// - Throws: `invalidArgument` when it is empty or something is there; `inputOutput`.
  package static func check(output path: String) throws(SteeringError) {
    guard !path.isEmpty else {
      throw SteeringError(.invalidArgument, "--output is empty, expected a folder name")
    }
    let isFree = try SteeringError.rendering { () throws(FormatError) in
      try OutputFolder.isFree(path)
    }
    guard isFree else {
      throw SteeringError(
        .invalidArgument, "\(path) exists, expected the name of a new folder for --output")
    }
  }
}
