import Detector
import Formats
import Foundation
import Steering
import Testing

@Suite struct DetectorSchemaTests {
  private static let folder = Tool.checkout + "/docs/schemas"

  private func check() throws -> SchemaCheck {
    SchemaCheck(root: try JSONValue.read(path: Self.folder + "/detector.schema.json"))
  }

  private static let examples: [String] = {
    let names =
      (try? FileManager.default.contentsOfDirectory(
        atPath: folder + "/detector-examples")) ?? []
    return names.sorted().map { folder + "/detector-examples/" + $0 }
  }()

  @Test func examplesAreThere() { #expect(Self.examples.count >= 2) }

  /// What is read is written back byte by byte, and is what the schema says.
  @Test(arguments: examples)
  func examplesAreValidAndAsWritten(_ path: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(try check().complaints(about: try JSONValue.parse(text: text)) == [])
    #expect(try FittedDetector(path: path).json() == text)
  }

  /// Every object of the full example: the schema and the reader agree on which members it needs, and
  /// both refuse another one.
  @Test func theSchemaAndTheReaderWantTheSameMembers() throws {
    let schema = try check()
    let full = try JSONValue.read(path: Self.folder + "/detector-examples/everything.json")
    var changes = 0
    for change in full.changes() {
      let isRefused = (try? FittedDetector(json: change.value.serialised())) == nil
      let complaints = schema.complaints(about: change.value)
      #expect(isRefused == !complaints.isEmpty, "\(change.name): \(complaints)")
      changes += 1
    }
    #expect(changes > 90)
  }
}

extension JSONValue {
  /// The value without each member of each object, and with one too many in each.
  fileprivate func changes(_ place: String = "$") -> [(name: String, value: JSONValue)] {
    switch self {
    case .object(let members):
      var found: [(name: String, value: JSONValue)] = [
        ("\(place) + member", .object(members + [.init("more", .integer(1))]))
      ]
      for (index, member) in members.enumerated() {
        var rest = members
        rest.remove(at: index)
        // That several structures need it no schema can say.
        if member.key != "combined" {
          found.append(("\(place) - \(member.key)", .object(rest)))
        }
        for inner in member.value.changes("\(place).\(member.key)") {
          var changed = members
          changed[index].value = inner.value
          found.append((inner.name, .object(changed)))
        }
      }
      return found
    case .array(let items):
      return items.enumerated().flatMap { index, item in
        item.changes("\(place)[\(index)]").map { inner in
          var changed = items
          changed[index] = inner.value
          return (inner.name, JSONValue.array(changed))
        }
      }
    default: return []
    }
  }
}
