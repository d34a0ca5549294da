import Formats
import Steering
import Testing
import Watermark

@Suite struct MarkIdentifiersTests {
  private func key(_ scheme: DocumentScheme, id: String = "k") throws -> WatermarkKey {
    try WatermarkKey(
      id: id, created: 0, bank: String(repeating: "a", count: 64), count: 1, documents: scheme)
  }

  @Test func oneOfEachScheme() throws {
    #expect(try MarkIdentifiers(name: "x").single(for: key(.given)) == .given("x"))
    #expect(try MarkIdentifiers(prompt: "x").single(for: key(.prompt)) == .prompt("x"))
    #expect(try MarkIdentifiers().single(for: key(.constant)) == .constant)
    let cases = [(0, 0), (59, 0), (60, 1), (-1, -1), (-60, -1), (-61, -2)]
    for (time, window) in cases {
      #expect(
        try MarkIdentifiers(times: time...time).single(for: key(.window(seconds: 60)))
          == .window(window), "\(time)")
    }
  }

  @Test(arguments: [
    (DocumentScheme.given, MarkIdentifiers(), "--document"),
    (.prompt, MarkIdentifiers(), "--prompt"), (.window(seconds: 60), MarkIdentifiers(), "--time"),
    (.window(seconds: 60), MarkIdentifiers(times: 59...60), "2 windows"),
    (.window(seconds: 1), MarkIdentifiers(times: 0...10_000), "10001 windows of 1 seconds"),
    (.given, MarkIdentifiers(name: ""), "is empty"),
    (.prompt, MarkIdentifiers(prompt: ""), "is empty"),
    (.given, MarkIdentifiers(name: "x", prompt: "y"), "found a prompt"),
    (.prompt, MarkIdentifiers(name: "x", prompt: "y"), "found a document's name"),
    (.constant, MarkIdentifiers(times: 0...0), "found a time"),
  ])
  func refused(
    _ scheme: DocumentScheme, _ identifiers: MarkIdentifiers, _ message: String
  ) throws {
    let key = try key(scheme)
    let error = #expect(throws: SteeringError.self) { try identifiers.single(for: key) }
    #expect(error?.code == .invalidArgument && error?.message.contains(message) == true)
  }

  @Test func keysOfSeveralSchemesShareWhatIsGiven() throws {
    let keys = [try key(.given), try key(.window(seconds: 10)), try key(.constant)]
    try MarkIdentifiers(name: "x", times: 0...25).check(keys)
    #expect(throws: SteeringError.self) { try MarkIdentifiers(name: "x").check(keys) }
  }
}
