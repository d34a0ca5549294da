extension JSONValue {
  /// The document as JSON text, members in their stored order.
  ///
  /// Doubles are written in the shortest form that reads back to the same bits; NaN and infinities,
  /// which JSON cannot hold, become `null`. `pretty` puts every member and element on its own line,
  /// indented by two spaces. No newline at the end.
  package func serialised(pretty: Bool = false) -> String {
    var output = ""
    append(to: &output, indentation: pretty ? 0 : nil)
    return output
  }

  private func append(to output: inout String, indentation: Int?) {
    switch self {
    case .null: output.append("null")
    case .bool(let flag): output.append(flag ? "true" : "false")
    case .integer(let value): output.append(String(value))
    case .unsigned(let value): output.append(String(value))
    case .number(let value): output.append(value.isFinite ? value.description : "null")
    case .string(let text): JSONEscapes.append(text, to: &output)
    case .array(let values):
      JSONValue.list(values, "[", "]", &output, indentation) { value, output, inner in
        value.append(to: &output, indentation: inner)
      }
    case .object(let members):
      JSONValue.list(members, "{", "}", &output, indentation) { member, output, inner in
        JSONEscapes.append(member.key, to: &output)
        output.append(inner == nil ? ":" : ": ")
        member.value.append(to: &output, indentation: inner)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, _ output: inout String,
    _ indentation: Int?, _ body: (Element, inout String, Int?) -> Void
  ) {
    output.append(opening)
    let inner = indentation.map { $0 + 2 }
    for (index, element) in elements.enumerated() {
      if index > 0 { output.append(",") }
      if let inner { output.append("\n" + String(repeating: " ", count: inner)) }
      body(element, &output, inner)
    }
    if let indentation, !elements.isEmpty {
      output.append("\n" + String(repeating: " ", count: indentation))
    }
    output.append(closing)
  }
}
