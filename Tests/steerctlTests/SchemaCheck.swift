import Formats

/// The part of JSON Schema that this project's schemas use, as a check of one value.
struct SchemaCheck {
  let root: JSONValue

  /// Everything about `value` that the schema does not allow, each with its place.
  func complaints(about value: JSONValue) -> [String] { complaints(value, root, "$") }

  private func complaints(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
    var found: [String] = []
    if let reference = schema["$ref"]?.asString {
      guard reference.hasPrefix("#/$defs/"),
        let target = root["$defs"]?[String(reference.dropFirst("#/$defs/".count))]
      else { return ["\(place): unknown reference \(reference)"] }
      return complaints(value, target, place)
    }
    if let choices = schema["anyOf"]?.asArray,
      !choices.contains(where: { complaints(value, $0, place).isEmpty })
    {
      found.append("\(place): none of anyOf")
    }
    if let constant = schema["const"], constant != value { found.append("\(place): not const") }
    if let choices = schema["enum"]?.asArray, !choices.contains(value) {
      found.append("\(place): not in enum")
    }
    let types =
      schema["type"]?.asString.map { [$0] } ?? schema["type"]?.asArray?.compactMap(\.asString)
    if let types, !types.contains(where: { value.isA($0) }) {
      found.append("\(place): not \(types.joined(separator: " or "))")
    }
    if let low = schema["minimum"]?.asDouble, let number = value.asDouble, number < low {
      found.append("\(place): below \(low)")
    }
    if let high = schema["maximum"]?.asDouble, let number = value.asDouble, number > high {
      found.append("\(place): above \(high)")
    }
    let properties = schema["properties"]
    for key in schema["required"]?.asArray?.compactMap(\.asString) ?? [] where value[key] == nil {
      found.append("\(place): no \(key)")
    }
    for member in value.asObject ?? [] {
      if let inner = properties?[member.key] {
        found += complaints(member.value, inner, "\(place).\(member.key)")
      } else if schema["additionalProperties"]?.asBool == false {
        found.append("\(place): unknown \(member.key)")
      }
    }
    if let items = schema["items"], let array = value.asArray {
      for (index, item) in array.enumerated() {
        found += complaints(item, items, "\(place)[\(index)]")
      }
    }
    return found
  }
}

extension JSONValue {
  fileprivate func isA(_ type: String) -> Bool {
    switch (self, type) {
    case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"),
      (.null, "null"), (.integer, "integer"), (.integer, "number"), (.number, "number"):
      true
    default: false
    }
  }
}
