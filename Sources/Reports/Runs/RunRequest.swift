import Formats
import Steering

/// What a run is: everything that its results depend on, so that a run is continued only by itself.
package struct RunRequest: Equatable, Sendable {
  /// A shard as it was when the run began.
  package struct Shard: Equatable, Sendable {
    /// What it is called in results: its file name, or its path where two have one name.
    package var name: String
    /// The file; nil where it cannot be read.
    package var stamp: FileStamp?
    /// The documents file beside it; nil where there is none.
    package var documents: FileStamp?
    /// SHA-256 that a list of digests gives for it.
    package var digest: String?
    /// SHA-256 that a list of digests gives for its documents file.
    package var documentsDigest: String?
  }

  /// Every n-th shard, for many workers.
  package struct Part: Equatable, Sendable {
    package var index: Int
    package var count: Int

    package init(index: Int, count: Int) {
      self.index = index
      self.count = count
    }

    /// Whether there is an `index`-th of `count` parts.
    package static func isPossible(_ index: Int, of count: Int) -> Bool {
      (1...100_000).contains(count) && index >= 1 && index <= count
    }
  }

  /// Shards of a run, so that what describes it can be read again.
  package static let shardLimit = 200_000

  package var detector: RunDetector
  /// Stamps of the dictionary's files; nil for shards that hold codes.
  package var dictionary: String?
  package var rate: Double
  package var localisation: DetectionRun.Localisation
  package var allowsUnknownNorms: Bool
  package var part: Part?
  package var shards: [Shard]

  /// SHA-256 of all that results depend on: not of times of modification, nor of the part.
  package var identity: String {
    var request = self
    request.part = nil
    for index in request.shards.indices {
      request.shards[index].stamp?.modified = 0
      request.shards[index].documents?.modified = 0
    }
    return DigestText.of(Array(request.json.serialised().utf8))
  }

  /// What `other` asks for otherwise, in words; empty for the same request.
  package func differences(from other: RunRequest) -> [String] {
    var found: [String] = []
    if detector != other.detector { found.append("the detector") }
    if dictionary != other.dictionary { found.append("the dictionary") }
    if rate != other.rate { found.append("the rate (\(other.rate), now \(rate))") }
    if localisation != other.localisation {
      found.append(
        "what is localised (\(other.localisation.rawValue), now \(localisation.rawValue))")
    }
    if allowsUnknownNorms != other.allowsUnknownNorms { found.append("the use of unknown norms") }
    if part != other.part { found.append("the part") }
    if shards.map(\.name) != other.shards.map(\.name) {
      found.append("the list of shards (\(other.shards.count), now \(shards.count))")
    } else {
      for (now, then) in zip(shards, other.shards) where now != then {
        found.append("shard \(MessageText.plain(now.name))")
      }
    }
    return found
  }
}

extension RunRequest {
  package var json: JSONValue {
    [
      "detector": detector.json,
      "dictionary": dictionary.map { .string($0) } ?? .null,
      "rate": .number(rate), "localise": .string(localisation.rawValue),
      "without_norms": .bool(allowsUnknownNorms),
      "part": part.map {
        [.integer(Int64($0.index)), .integer(Int64($0.count))]
      } ?? .null,
      "shards": .array(shards.map(\.json)),
    ]
  }

  /// A request as ``json`` writes it; nil for anything else.
  package init?(json: JSONValue) {
    guard let detector = json["detector"].flatMap(RunDetector.init(json:)),
      let rate = json["rate"]?.asDouble, rate > 0, rate < 1,
      let localisation = json["localise"]?.asString.flatMap(
        DetectionRun.Localisation.init(rawValue:)),
      let allowsUnknownNorms = json["without_norms"]?.asBool,
      let shards = json["shards"]?.asArray, let part = json["part"]
    else { return nil }
    self.detector = detector
    dictionary = json["dictionary"]?.asString
    self.rate = rate
    self.localisation = localisation
    self.allowsUnknownNorms = allowsUnknownNorms
    if !part.isNull {
      guard let numbers = part.asArray?.map(\.asInt), numbers.count == 2, let index = numbers[0],
        let count = numbers[1], Part.isPossible(index, of: count)
      else { return nil }
      self.part = Part(index: index, count: count)
    }
    self.shards = []
    for shard in shards {
      guard let shard = Shard(json: shard) else { return nil }
      self.shards.append(shard)
    }
  }
}

extension RunRequest.Shard {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "file": stamp?.json ?? .null, "documents": documents?.json ?? .null,
      "sha256": digest.map { .string($0) } ?? .null,
      "documents_sha256": documentsDigest.map { .string($0) } ?? .null,
    ]
  }

  fileprivate init?(json: JSONValue) {
    guard let name = json["name"]?.asString else { return nil }
    self.name = name
    stamp = json["file"].flatMap(FileStamp.init(json:))
    documents = json["documents"].flatMap(FileStamp.init(json:))
    digest = json["sha256"]?.asString
    documentsDigest = json["documents_sha256"]?.asString
  }
}
