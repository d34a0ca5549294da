import Formats
import Steering

/// The parts of a run in its folder.
package struct RunParts {
  private let folder: RunFolder
  private let identity: String

  package init(_ folder: RunFolder, _ identity: String) {
    self.folder = folder
    self.identity = identity
  }

  private func file(_ name: String) -> String { FileSystem.join(RunState.parts, name) }

  /// The shard's parts from the first on, as far as they are whole and follow each other.
  package func finished(shard: Int) throws(SteeringError) -> [RunPart.Header] {
    var found: [RunPart.Header] = []
    while found.last?.isLast != true, let part = try read(shard: shard, chunk: found.count) {
      let expected = found.last.map { $0.firstDocument + $0.documentCount } ?? 0
      guard part.header.firstDocument == expected else { break }
      found.append(part.header)
    }
    return found
  }

  /// A part; nil where it is not there, not whole, or of another run.
  package func read(shard: Int, chunk: Int) throws(SteeringError) -> RunPart? {
    guard let bytes = try folder.read(file(RunPart.name(shard: shard, chunk: chunk))),
      let part = RunPart(bytes: bytes), part.header.run == identity, part.header.shard == shard,
      part.header.chunk == chunk
    else { return nil }
    return part
  }

  package func write(_ part: RunPart) throws(SteeringError) {
    let name = RunPart.name(shard: part.header.shard, chunk: part.header.chunk)
    try folder.write(part.bytes(), to: file(name))
  }

  /// Removes what a killed process left of files it was writing; the names of the parts that are there,
  /// by what those of a shard begin with.
  ///
  /// Once for a run: the folder may hold a part for every few hundred documents.
  package func sweep() throws(SteeringError) -> [String: [String]] {
    var found: [String: [String]] = [:]
    for name in try folder.names(in: RunState.parts) {
      if name.hasPrefix("."), name.hasSuffix(".tmp") {
        try folder.remove(file(name))
      } else if name.hasSuffix(".part"), let dot = name.firstIndex(of: ".") {
        found[String(name[...dot]), default: []].append(name)
      }
    }
    return found
  }

  /// Removes parts by their names.
  package func remove(_ names: [String]) throws(SteeringError) {
    for name in names { try folder.remove(file(name)) }
  }

  /// Why the shard is left out; nil where it is not, or not yet.
  package func skip(of shard: Int) throws(SteeringError) -> String? {
    guard let bytes = try folder.read(file(RunPart.skipName(shard: shard))),
      let json = try? JSONValue.parse(bytes), json["run"]?.asString == identity,
      json["shard"]?.asInt == shard
    else { return nil }
    return json["error"]?.asString
  }

  package func write(skip reason: String, shard: Int) throws(SteeringError) {
    let json: JSONValue = [
      "format": .string(ReportFormat.part), "run": .string(identity),
      "shard": .integer(Int64(shard)), "error": .string(reason),
    ]
    try folder.write(Array(json.serialised().utf8), to: file(RunPart.skipName(shard: shard)))
  }
}
