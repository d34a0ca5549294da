import Formats
import Steering

/// A value of a run's files with its place, so that an error can name both.
struct RunField {
  let value: JSONValue
  /// The file, and the line where it has many.
  let place: String
  /// The path of members to the value; empty for the whole.
  let name: String

  init(_ value: JSONValue, place: String, name: String = "") {
    self.value = value
    self.place = place
    self.name = name
  }

  /// A member that must be there.
  func member(_ key: String) throws(SteeringError) -> RunField {
    guard case .object = value else { throw wrong("an object") }
    guard let found = value[key] else {
      throw SteeringError(.malformedFile, "\(place): key '\(path(key))' is missing")
    }
    return RunField(found, place: place, name: path(key))
  }

  /// A member; nil where it is missing or null.
  func optional(_ key: String) throws(SteeringError) -> RunField? {
    guard case .object = value else { throw wrong("an object") }
    guard let found = value[key], !found.isNull else { return nil }
    return RunField(found, place: place, name: path(key))
  }

  /// All members, in order.
  func members() throws(SteeringError) -> [(name: String, field: RunField)] {
    guard let members = value.asObject else { throw wrong("an object") }
    return members.map { ($0.key, RunField($0.value, place: place, name: path($0.key))) }
  }

  /// All elements, in order.
  func elements() throws(SteeringError) -> [RunField] {
    guard let values = value.asArray else { throw wrong("an array") }
    return values.enumerated().map { RunField($1, place: place, name: "\(name)[\($0)]") }
  }

  @discardableResult
  func text(_ key: String) throws(SteeringError) -> String { try member(key).text() }

  @discardableResult
  func text() throws(SteeringError) -> String {
    guard let text = value.asString else { throw wrong("a string") }
    return text
  }

  func flag() throws(SteeringError) -> Bool {
    guard let flag = value.asBool else { throw wrong("true or false") }
    return flag
  }

  @discardableResult
  func number() throws(SteeringError) -> Double {
    guard let number = value.asDouble else { throw wrong("a number") }
    return number
  }

  /// An array of numbers, without a place for each.
  func numbers() throws(SteeringError) -> [Double] {
    guard let values = value.asArray else { throw wrong("an array of numbers") }
    var numbers: [Double] = []
    numbers.reserveCapacity(values.count)
    for value in values {
      guard let number = value.asDouble else { throw wrong("an array of numbers") }
      numbers.append(number)
    }
    return numbers
  }

  func integer() throws(SteeringError) -> Int {
    guard let number = value.asInt else { throw wrong("an integer") }
    return number
  }

  /// The most that is counted, so that sums of counts neither overflow nor lose digits as doubles.
  static let largestCount = 1 << 40

  @discardableResult
  func count() throws(SteeringError) -> Int {
    guard let number = value.asInt, number >= 0 else { throw wrong("an integer, 0 or more") }
    guard number <= Self.largestCount else { throw wrong("at most \(Self.largestCount)") }
    return number
  }

  /// A lower and an upper end, each from 0 to 1.
  func interval() throws(SteeringError) {
    let ends = try elements()
    guard ends.count == 2 else { throw wrong("two numbers from 0 to 1") }
    for end in ends { _ = try end.share() }
  }

  @discardableResult
  func share() throws(SteeringError) -> Double {
    guard let number = value.asDouble, (0...1).contains(number) else { throw wrong("0 to 1") }
    return number
  }

  func wrong(_ expected: String) -> SteeringError {
    let found = value.asDouble.map { "\($0)" } ?? value.kind
    let what = name.isEmpty ? "the document" : "'\(MessageText.plain(name))'"
    return SteeringError(.malformedFile, "\(place): \(what) is \(found), expected \(expected)")
  }

  private func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
}
