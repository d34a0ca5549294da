import Formats
import Steering

/// What documents are taken for when keys are tried on them: the same for all, or what each one says.
///
/// Every identifier that is tried counts as a trial, see ``MarkVerdict``: a day of time windows of a minute
/// costs a factor of 1,440.
public struct MarkIdentifiers: Sendable, Equatable {
  /// Most time windows that are tried for one key: far more than any null sample allows for.
  public static let windowLimit = 4096

  /// The name of every document, for keys of the scheme `given`; nil for each document's own `id`.
  public var name: String?
  /// The prompt of every document, for keys of the scheme `prompt`; nil for each document's own `prompt`.
  public var prompt: String?
  /// When the documents were made, in seconds since 1970, for keys of the scheme `window`.
  public var times: ClosedRange<Int>?

  /// Identifiers.
  public init(name: String? = nil, prompt: String? = nil, times: ClosedRange<Int>? = nil) {
    self.name = name
    self.prompt = prompt
    self.times = times
  }

  /// Throws for what no key needs, and for time windows that some key lacks.
  ///
  /// - Throws: `invalidArgument`.
  public func check(_ keys: [WatermarkKey]) throws(SteeringError) {
    let given = [
      ("given", name != nil, "a document's name"), ("prompt", prompt != nil, "a prompt"),
      ("window", times != nil, "a time"),
    ]
    for (scheme, isGiven, what) in given where isGiven {
      guard keys.contains(where: { $0.documents.name == scheme }) else {
        let found = keys.map { "'\($0.id)' by \($0.documents.name)" }.joined(separator: ", ")
        throw SteeringError(
          .invalidArgument,
          "found \(what), expected a key that tells documents apart by it: key \(found)")
      }
    }
    for key in keys {
      guard case .window = key.documents else { continue }
      _ = try identifiers(for: key, of: nil, place: "")
    }
  }

  /// What one document is taken for under `key`, one or more.
  ///
  /// - Parameters:
  ///   - members: The document's line of a documents file; nil without one.
  ///   - place: What errors call the document.
  /// - Throws: `invalidArgument` for what is not known, or too many windows.
  func identifiers(
    for key: WatermarkKey, of members: [JSONValue.Member]?, place: String
  ) throws(SteeringError) -> [DocumentIdentifier] {
    switch key.documents {
    case .constant: return [.constant]
    case .given:
      return [.given(try text(name, "id", members, key, "the document's name (--document)", place))]
    case .prompt:
      return [
        .prompt(try text(prompt, "prompt", members, key, "the exact prompt (--prompt)", place))
      ]
    case .window(let seconds):
      guard let times else {
        throw SteeringError(
          .invalidArgument,
          "key '\(key.id)' tells documents apart by the time they were made at, expected it (--time)"
        )
      }
      let windows = [times.lowerBound, times.upperBound].map { time in
        guard case .window(let number) = DocumentIdentifier.window(at: time, seconds: seconds)
        else { return 0 }
        return number
      }
      let count = windows[1] - windows[0] + 1
      guard count <= Self.windowLimit else {
        throw SteeringError(
          .invalidArgument,
          "\(count) windows of \(seconds) seconds for key '\(key.id)', expected at most"
            + " \(Self.windowLimit)")
      }
      return (windows[0]...windows[1]).map { .window($0) }
    }
  }

  /// What is given for all documents, else the document's own member `field`.
  private func text(
    _ given: String?, _ field: String, _ members: [JSONValue.Member]?, _ key: WatermarkKey,
    _ expected: String, _ place: String
  ) throws(SteeringError) -> String {
    if let given {
      guard !given.isEmpty else {
        throw SteeringError(.invalidArgument, "'\(field)' is empty, expected \(expected)")
      }
      return given
    }
    let prefix = place.isEmpty ? "" : place + ": "
    guard let value = members?.first(where: { $0.key == field })?.value, !value.isNull else {
      throw SteeringError(
        .invalidArgument,
        "\(prefix)key '\(key.id)' tells documents apart by \(key.documents.words), expected"
          + " \(expected)" + (place.isEmpty ? "" : ", or a member '\(field)' of the document"))
    }
    guard let text = value.asString else {
      throw SteeringError(
        .malformedFile, "\(prefix)'\(field)' is \(value.kind), expected a string")
    }
    guard !text.isEmpty else {
      throw SteeringError(.malformedFile, "\(prefix)'\(field)' is empty, expected \(expected)")
    }
    return text
  }

  /// The one identifier that a text of `key` is to be marked under.
  ///
  /// - Throws: `invalidArgument` unless just what the key's scheme needs is there.
  public func single(for key: WatermarkKey) throws(SteeringError) -> DocumentIdentifier {
    try check([key])
    let all = try identifiers(for: key, of: nil, place: "")
    guard all.count == 1 else {
      throw SteeringError(
        .invalidArgument, "\(all.count) windows, expected a time, which lies in one of them")
    }
    return all[0]
  }
}

extension DocumentScheme {
  /// What tells documents apart, in words.
  var words: String {
    switch self {
    case .given: "their names"
    case .prompt: "their prompts"
    case .window: "the time they were made at"
    case .constant: "nothing"
    }
  }
}

extension DocumentIdentifier {
  /// The form in results; of a prompt the scheme alone, for its text stands elsewhere or nowhere.
  ///
  /// Of a window its number; of a replayed one the time, for a scored text does not say how long windows are.
  package func jsonValue(_ statistic: MarkFinding.Statistic) -> JSONValue {
    var members: [JSONValue.Member] = [.init("scheme", .string(scheme))]
    switch self {
    case .given(let name): members.append(.init("value", .string(name)))
    case .window(let number):
      members.append(.init(statistic == .replay ? "time" : "value", .integer(Int64(number))))
    case .prompt, .constant: break
    }
    return .object(members)
  }
}
