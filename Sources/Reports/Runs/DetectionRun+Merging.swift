import Formats
import Steering

extension DetectionRun {
  /// Puts the parts of a run together that many workers scored, each in its own folder.
  ///
  /// The results are those of one run over all shards, byte for byte. The workers' folders stay as they
  /// are; the shards are not needed.
  ///
  /// - Throws: `invalidArgument` when folders belong to different runs, one is missing, given twice or not
  ///   finished, or the target holds something else; `inputOutput`.
  public static func merge(
    _ folders: [String], into target: String
  ) throws(SteeringError) -> RunOutcome {
    guard !folders.isEmpty else {
      throw SteeringError(.invalidArgument, "there are no folders, expected those of every part")
    }
    try checkPlaces(folders, target)
    var opened: [Int: RunFolder] = [:]
    var first: (request: RunRequest, identity: String, part: RunRequest.Part)?
    // That of part 1, so that the order in which folders are given changes nothing.
    var merged: RunRequest?
    for path in folders {
      guard
        try SteeringError.rendering({ () throws(FormatError) in try FileSystem.kind(path) })
          == .directory
      else { throw SteeringError(.inputOutput, "\(path): no folder, expected that of a part") }
      let folder = try RunFolder(path)
      let (request, stage) = try RunState.read(folder)
      guard let part = request.part else {
        throw SteeringError(
          .invalidArgument, "\(path): holds a whole run, expected one part of several")
      }
      guard stage == .scored else {
        throw SteeringError(
          .invalidArgument,
          "\(path): part \(part.index) of \(part.count) is not finished; start it again first")
      }
      let identity = request.identity
      if let first {
        guard first.identity == identity, first.part.count == part.count else {
          var other = first.request
          other.part = part
          let differences = request.differences(from: other)
          throw SteeringError(
            .invalidArgument,
            "\(path): belongs to another run than \(folders[0]), which differs in"
              + " \(MessageText.list(differences))")
        }
      } else {
        first = (request, identity, part)
      }
      if part.index == 1 { merged = request }
      if let other = opened.updateValue(folder, forKey: part.index) {
        throw SteeringError(
          .invalidArgument,
          "\(path): holds part \(part.index) of \(part.count), as \(other.path) does")
      }
    }
    guard let first else { preconditionFailure("there is a first folder") }
    let count = first.part.count
    if let missing = (1...count).first(where: { opened[$0] == nil }) {
      throw SteeringError(
        .invalidArgument,
        "part \(missing) of \(count) is missing, expected the folders of all parts")
    }
    var request = merged ?? first.request
    request.part = nil
    let folder = try RunFolder(target)
    let state = RunState(folder, request, first.identity)
    if let finished = try state.begin(ignoresTimes: true) { return finished }
    return try RunAssembly(into: folder, request, first.identity) { shard in
      opened[shard % count + 1] ?? folder
    }.finish()
  }

  /// Throws for a folder that is given twice: opening it would find it in use, by this process.
  private static func checkPlaces(
    _ folders: [String], _ target: String
  ) throws(SteeringError) {
    var seen: [String: String] = [:]
    for path in folders + [target] {
      let place = try SteeringError.rendering { () throws(FormatError) in
        try FileSystem.absolute(path)
      }
      if let other = seen.updateValue(path, forKey: place) {
        throw SteeringError(
          .invalidArgument, "\(path) is given twice, also as \(other), expected other folders")
      }
    }
  }
}
