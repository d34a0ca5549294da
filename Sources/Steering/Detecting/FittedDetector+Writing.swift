import Detector
import Formats

extension FittedDetector {
  /// The JSON form, which reads back to an equal detector.
  ///
  /// - Throws: `invalidArgument` naming the field when something does not fit together or is not finite.
  public func json() throws(SteeringError) -> String {
    let value = jsonValue
    do throws(SteeringError) {
      _ = try Self.read(value)
    } catch {
      throw SteeringError(.invalidArgument, error.message)
    }
    let text = DetectorText.text(value)
    // All limits that the text is read under, not only its length.
    do throws(FormatError) {
      try JSONValue.check(text: text, limits: DetectorLimits.json)
    } catch {
      guard case .limitExceeded(let what, let found, let limit) = error.reason else {
        throw SteeringError(error)
      }
      throw SteeringError(
        .invalidArgument,
        "the detector has \(found) \(what), expected at most \(limit): calibrate with fewer documents"
      )
    }
    return text
  }

  /// Writes the JSON form; the file appears complete or not at all.
  ///
  /// - Throws: `inputOutput`; `invalidArgument` as ``json()``.
  public func write(to path: String) throws(SteeringError) {
    let text = try json()
    try SteeringError.rendering { () throws(FormatError) in
      let file = try OutputFile.create(path)
      try file.write(text)
      try file.commit()
    }
  }

  package var jsonValue: JSONValue {
    var reference: [JSONValue.Member] = [
      .init("name", .string(dictionary.name)),
      .init("fingerprint", .string(dictionary.fingerprint)),
      .init("feature_count", .integer(Int64(dictionary.featureCount))),
      .init("model_width", .integer(Int64(dictionary.modelWidth))),
    ]
    if let hook = dictionary.hook { reference.append(.init("hook", .string(hook))) }
    var rule: [JSONValue.Member] = [.init("skips_special", .bool(masking.skipsSpecial))]
    if let norm = masking.sinkNorm { rule.append(.init("sink_norm", .number(norm))) }
    var members: [JSONValue.Member] = [
      .init("format", .string(DetectorLimits.format)), .init("name", .string(name)),
      .init("kind", .string(kind.rawValue)), .init("dictionary", .object(reference)),
      .init("masking", .object(rule)),
      .init("structures", .array(structures.map(StructureJSON.write))),
      .init("selection", CalibrationJSON.write(selection)),
    ]
    if let calibration {
      members.append(.init("calibration", CalibrationJSON.write(calibration)))
    }
    return .object(members)
  }
}

/// JSON for people and for differences: long arrays of plain values stay on one line.
package enum DetectorText {
  package static func text(_ value: JSONValue) -> String {
    var output = ""
    append(value, to: &output, indentation: 0)
    output.append("\n")
    return output
  }

  private static func append(_ value: JSONValue, to output: inout String, indentation: Int) {
    let inner = String(repeating: " ", count: indentation + 2)
    let outer = String(repeating: " ", count: indentation)
    switch value {
    case .object(let members) where !members.isEmpty:
      output.append("{")
      for (index, member) in members.enumerated() {
        output.append(index > 0 ? ",\n\(inner)" : "\n\(inner)")
        output.append(JSONValue.string(member.key).serialised() + ": ")
        append(member.value, to: &output, indentation: indentation + 2)
      }
      output.append("\n\(outer)}")
    case .array(let items) where items.contains(where: isContainer):
      output.append("[")
      for (index, item) in items.enumerated() {
        output.append(index > 0 ? ",\n\(inner)" : "\n\(inner)")
        append(item, to: &output, indentation: indentation + 2)
      }
      output.append("\n\(outer)]")
    default: output.append(value.serialised())
    }
  }

  private static func isContainer(_ value: JSONValue) -> Bool {
    switch value {
    case .object, .array: true
    default: false
    }
  }
}
