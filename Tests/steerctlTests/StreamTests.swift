import Foundation
import Formats
import Testing

@Suite struct StreamTests {
  @Test func steeredFileGoesToStandardOutput() throws {
    let sandbox = try Sandbox()
    let arguments = ["apply", "--feature", "1", "--alpha", "4"] + sandbox.inputs
    let file = try sandbox.run(arguments + ["--output", "out.safetensors"])
    let stream = try sandbox.run(arguments + ["--output", "-"])
    #expect(file.status == 0 && stream.status == 0)
    #expect([UInt8](stream.data) == (try sandbox.folder.bytes("out.safetensors")))
    #expect(stream.error.contains("apply · sae"))
    #expect(stream.error.contains("6 of 6 rows"))
    // By any name: a report must never mix with the data.
    let named = try sandbox.run(arguments + ["--output", "/dev/stdout"])
    #expect(named.status == 0, "\(named.error)")
    #expect(named.data == stream.data)
  }

  @Test func codesGoToStandardOutput() throws {
    let sandbox = try Sandbox()
    let arguments = ["encode", "--decode"] + sandbox.inputs
    _ = try sandbox.run(arguments + ["--output", "codes"])
    let stream = try sandbox.run(arguments + ["--output", "-"])
    #expect(stream.status == 0, "\(stream.error)")
    #expect([UInt8](stream.data) == (try sandbox.folder.bytes("codes")))
    #expect(stream.error.contains("encode · sae"))
  }

  @Test func planComesFromStandardInput() throws {
    let sandbox = try Sandbox()
    let text = #"{"version": 1, "interventions": [{"feature": 1, "alpha": 4}]}"#
    let flags = try sandbox.run(
      ["apply", "--feature", "1", "--alpha", "4", "--output", "a"] + sandbox.inputs)
    let plan = try sandbox.run(
      ["apply", "--plan", "-", "--output", "b"] + sandbox.inputs, input: text)
    #expect(flags.status == 0 && plan.status == 0)
    #expect(try sandbox.folder.bytes("a") == (try sandbox.folder.bytes("b")))
    let bad = try sandbox.run(["apply", "--plan", "-"] + sandbox.inputs, input: "{")
    #expect(bad.status == 3)
    #expect(bad.error.contains("not valid JSON"))
    let empty = try sandbox.run(["apply", "--plan", "-"] + sandbox.inputs)
    #expect(empty.status == 3)
  }

  @Test func planOfJSONOutputReadsBack() throws {
    let sandbox = try Sandbox()
    let first = try sandbox.run(
      ["apply", "--feature", "2", "--alpha", "0.5", "--strength", "max-activation", "--json"]
        + sandbox.inputs)
    let plan = try #require(try JSONValue.parse(text: first.output)["plan"])
    let again = try sandbox.run(
      ["apply", "--plan", "-", "--output", "again"] + sandbox.inputs, input: plan.serialised())
    #expect(again.status == 0)
    #expect(
      try sandbox.folder.bytes("again") == (try sandbox.folder.bytes("in.steered.safetensors")))
  }

  @Test func negativeAlphaIsANumber() throws {
    let sandbox = try Sandbox()
    let result = try sandbox.run(["apply", "--feature", "1", "--alpha", "-4"] + sandbox.inputs)
    #expect(result.status == 0)
    #expect(result.output.contains("add -4 × decoder row"))
  }

  @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"], ["TERM": "xterm-256color"]])
  func noEscapeCodesOutsideATerminal(_ environment: [String: String]) throws {
    let sandbox = try Sandbox()
    for arguments in [["encode"] + sandbox.inputs, ["encode", "--sae", "gone"]] {
      let result = try sandbox.run(arguments, environment: environment)
      #expect(!(result.output + result.error).contains("\u{1B}"))
    }
  }

  @Test func kernelsCanBeChosen() throws {
    let sandbox = try Sandbox()
    let best = try sandbox.run(["encode", "--json"] + sandbox.inputs)
    let scalar = try sandbox.run(
      ["encode", "--json"] + sandbox.inputs, environment: ["STEERING_KERNELS": "scalar"])
    #expect(scalar.status == 0)
    #expect(scalar.output == best.output)
    let bogus = try sandbox.run(
      ["encode"] + sandbox.inputs, environment: ["STEERING_KERNELS": "bogus"])
    #expect(bogus.status == 3)
    #expect(bogus.error.contains("STEERING_KERNELS is 'bogus', expected one of scalar"))
  }
}
