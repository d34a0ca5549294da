import Detector
import Formats
import SAE

/// One value of a detector's document with its path, read with errors that name it.
package struct DetectorField {
  package let value: JSONValue
  /// The path, such as `structures[2].readout`; empty for the whole document.
  package let path: String

  package init(value: JSONValue, path: String) {
    self.value = value
    self.path = path
  }

  /// A finite number.
  package func number() throws(SteeringError) -> Double {
    guard let number = value.asDouble, number.isFinite else { throw mismatch("a finite number") }
    return number
  }

  /// A number in `range`.
  package func number(in range: ClosedRange<Double>) throws(SteeringError) -> Double {
    let number = try number()
    guard range.contains(number) else {
      throw mismatch("\(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A finite number above 0.
  package func positive() throws(SteeringError) -> Double {
    let number = try number()
    guard number > 0 else { throw mismatch("above 0") }
    return number
  }

  /// An integer in `range`.
  package func integer(in range: ClosedRange<Int>) throws(SteeringError) -> Int {
    guard let integer = value.asInt, range.contains(integer) else {
      throw mismatch("an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  package func flag() throws(SteeringError) -> Bool {
    guard let flag = value.asBool else { throw mismatch("true or false") }
    return flag
  }

  /// A text that is not empty, unless that is said to be fine.
  package func text(mayBeEmpty: Bool = false) throws(SteeringError) -> String {
    guard let text = value.asString, mayBeEmpty || !text.isEmpty else { throw mismatch("a text") }
    return text
  }

  package func choice<T: RawRepresentable & CaseIterable>() throws(SteeringError) -> T
  where T.RawValue == String {
    guard let text = value.asString, let choice = T(rawValue: text) else {
      throw mismatch("one of " + T.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  /// The elements of an array whose length lies in `counts`.
  package func items(
    _ counts: ClosedRange<Int> = 0...Int.max
  ) throws(SteeringError) -> [DetectorField] {
    guard let items = value.asArray else { throw mismatch("an array") }
    guard counts.contains(items.count) else {
      let expected =
        counts.count == 1
        ? "\(counts.lowerBound)"
        : counts.upperBound == .max
          ? "\(counts.lowerBound) or more" : "\(counts.lowerBound) to \(counts.upperBound)"
      throw failure("has \(items.count) elements, expected \(expected)")
    }
    return items.enumerated().map { DetectorField(value: $1, path: "\(path)[\($0)]") }
  }

  /// An array of finite numbers; there may be millions, so only a bad one gets its path made.
  package func numbers(_ counts: ClosedRange<Int>) throws(SteeringError) -> [Double] {
    guard let items = value.asArray, counts.contains(items.count) else {
      _ = try self.items(counts)
      return []
    }
    var numbers: [Double] = []
    numbers.reserveCapacity(items.count)
    for (index, item) in items.enumerated() {
      guard let number = item.asDouble, number.isFinite else {
        throw DetectorField(value: item, path: "\(path)[\(index)]").mismatch("a finite number")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Two numbers, the first no larger than the second.
  package func interval() throws(SteeringError) -> Interval {
    let ends = try numbers(2...2)
    guard ends[0] <= ends[1] else { throw mismatch("[lower, upper]") }
    return Interval(lower: ends[0], upper: ends[1])
  }

  /// The object, whose keys must be among `keys`.
  package func object(_ keys: [String]) throws(SteeringError) -> DetectorObject {
    guard let members = value.asObject else { throw mismatch("an object") }
    var values: [String: JSONValue] = [:]
    for member in members {
      guard keys.contains(member.key) else {
        throw SteeringError(
          .malformedFile,
          "unknown field '\(MessageText.plain(join(member.key)))', accepted:"
            + " \(keys.joined(separator: ", "))")
      }
      values[member.key] = member.value
    }
    return DetectorObject(path: path, values: values)
  }

  package func mismatch(_ expected: String) -> SteeringError {
    let found =
      switch value {
      case .object, .array: value.kind
      default: MessageText.plain(value.serialised())
      }
    return failure("is \(found), expected \(expected)")
  }

  /// An error that starts with the field's name.
  package func failure(_ detail: String) -> SteeringError {
    SteeringError(.malformedFile, path.isEmpty ? "detector \(detail)" : "field '\(path)' \(detail)")
  }

  private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// One object of a detector's document.
package struct DetectorObject {
  let path: String
  let values: [String: JSONValue]

  /// The member under `key`; nil when there is none.
  package func optional(_ key: String) -> DetectorField? {
    values[key].map { DetectorField(value: $0, path: path.isEmpty ? key : "\(path).\(key)") }
  }

  /// The member under `key`.
  package func field(_ key: String) throws(SteeringError) -> DetectorField {
    guard let field = optional(key) else {
      throw SteeringError(
        .malformedFile, "field '\(path.isEmpty ? key : "\(path).\(key)")' is missing")
    }
    return field
  }
}
