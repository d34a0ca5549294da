/// Something that libyaml found in a text.
enum YAMLEvent {
  case documentStart
  case documentEnd
  case directive
  case alias
  case anchor
  case tag
  case scalar(String, isPlain: Bool)
  case listStart
  case mapStart
  case containerEnd
}

/// Where something is in a text, both counted from 1.
struct YAMLPlace: CustomStringConvertible {
  let line: Int
  let column: Int

  var description: String { "line \(line), column \(column)" }
}

/// Builds a value from events, on a stack of its own.
struct YAMLBuilder {
  /// A container that is open.
  private struct Container {
    let isMap: Bool
    var values: [JSONValue] = []
    var members: [JSONValue.Member] = []
    var seen: Set<String> = []
    /// The key whose value comes next.
    var key: String?
    /// A map that waits for a key.
    var wantsKey: Bool { isMap && key == nil }
  }

  private let limits: YAMLDocument.Limits
  private var open: [Container] = []
  private var nodeCount = 0
  private var hasDocument = false
  private(set) var root: JSONValue?

  init(limits: YAMLDocument.Limits) { self.limits = limits }

  mutating func take(_ event: YAMLEvent, at place: YAMLPlace) throws(FormatError) {
    switch event {
    case .documentStart:
      guard !hasDocument else {
        throw unsupported("a second document", "keep one document per file", place)
      }
      hasDocument = true
    case .documentEnd: break
    case .directive: throw unsupported("a directive", "leave out the line that starts with %", place)
    case .alias: throw unsupported("an alias", "write the value out", place)
    case .anchor: throw unsupported("an anchor", "write the value out", place)
    case .tag: throw unsupported("a tag", "leave it out, the type follows from the text", place)
    case .scalar(let text, let isPlain): try scalar(text, isPlain, place)
    case .listStart:
      try enter(place)
      open.append(Container(isMap: false))
    case .mapStart:
      try enter(place)
      open.append(Container(isMap: true))
    case .containerEnd: try leave(place)
    }
  }

  private mutating func scalar(
    _ text: String, _ isPlain: Bool, _ place: YAMLPlace
  ) throws(FormatError) {
    try count()
    if let index = open.indices.last, open[index].wantsKey {
      guard !(isPlain && text == "<<") else {
        throw unsupported("a merge key", "write the members out", place)
      }
      guard !(isPlain && text.isEmpty) else {
        throw FormatError(.invalidYAML(detail: "a key is empty (\(place))"))
      }
      guard open[index].seen.insert(text).inserted else {
        throw FormatError(.duplicateKey(key: text))
      }
      open[index].key = text
      return
    }
    add(isPlain ? try YAMLScalar.value(text, place) : .string(text))
  }

  private mutating func enter(_ place: YAMLPlace) throws(FormatError) {
    try count()
    if open.last?.wantsKey == true {
      throw unsupported("a key that is a list or a map", "use a plain key", place)
    }
    guard open.count < limits.depth else {
      throw FormatError(
        .limitExceeded(what: "YAML depth", found: open.count + 1, limit: limits.depth))
    }
  }

  private mutating func leave(_ place: YAMLPlace) throws(FormatError) {
    guard let container = open.popLast(), container.key == nil else {
      throw FormatError(.invalidYAML(detail: "a container ends early (\(place))"))
    }
    add(container.isMap ? .object(container.members) : .array(container.values))
  }

  private mutating func add(_ value: JSONValue) {
    guard let index = open.indices.last else {
      root = value
      return
    }
    if let key = open[index].key {
      open[index].members.append(JSONValue.Member(key, value))
      open[index].key = nil
    } else {
      open[index].values.append(value)
    }
  }

  private mutating func count() throws(FormatError) {
    nodeCount += 1
    guard nodeCount <= limits.nodeCount else {
      throw FormatError(
        .limitExceeded(what: "YAML values", found: nodeCount, limit: limits.nodeCount))
    }
  }

  private func unsupported(_ what: String, _ advice: String, _ place: YAMLPlace) -> FormatError {
    FormatError(.unsupported(what: "\(what) in YAML (\(place))", advice: advice))
  }
}
