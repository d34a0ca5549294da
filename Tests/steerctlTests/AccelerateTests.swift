import Formats
import Foundation
import TestSupport
import Testing

/// `steerctl convert --accelerate`: with a copy, and of a folder that is there.
@Suite struct AccelerateTests {
  private static let name = "native/accelerator.safetensors"

  private func native(_ arguments: [String] = []) throws -> Sandbox {
    let sandbox = try Sandbox()
    let result = try sandbox.run(
      ["convert", "sae", "--to", "native", "--output", "native"] + arguments)
    #expect(result.status == 0, "\(result.error)")
    return sandbox
  }

  @Test func humanAndJSON() throws {
    for json in [[], ["--json"]] {
      let ending = json.isEmpty ? ".txt" : ".json"
      let copied = try Sandbox()
      let copy = try copied.run(
        ["convert", "sae", "--to", "native", "--output", "native", "--accelerate"] + json)
      #expect(copy.status == 0 && copy.error.isEmpty, "\(copy.error)")
      try copied.snapshot(copy.output, "convert-accelerated" + ending)

      let sandbox = try native()
      let made = try sandbox.run(["convert", "native", "--accelerate"] + json)
      #expect(made.status == 0 && made.error.isEmpty, "\(made.error)")
      try sandbox.snapshot(made.output, "accelerate" + ending)
      #expect(try sandbox.folder.bytes(Self.name) == copied.folder.bytes(Self.name))

      let shown = try sandbox.run(["inspect", "native"] + json)
      #expect(shown.status == 0 && shown.error.isEmpty, "\(shown.error)")
      try sandbox.snapshot(shown.output, "inspect-accelerated" + ending)
    }
  }

  /// Results are the same bits, whether it is there or not.
  @Test func activationsStay() throws {
    let sandbox = try native()
    func codes(_ name: String) throws -> [UInt8] {
      let result = try sandbox.run(
        ["encode", "--sae", "native", "--activations", "in.safetensors", "--output", name])
      #expect(result.status == 0, "\(result.error)")
      return try sandbox.folder.bytes(name)
    }
    let without = try codes("without")
    #expect(try sandbox.run(["convert", "native", "--accelerate"]).status == 0)
    #expect(try codes("with") == without)
  }

  /// A file that does not fit is an error that says what to do, and doing that helps.
  @Test func aDamagedOneIsReplaced() throws {
    let sandbox = try native(["--accelerate"])
    let whole = try sandbox.folder.bytes(Self.name)
    var otherCode = whole
    otherCode[whole.count - 64] ^= 1
    for damaged in [[], whole.dropLast(), otherCode] {
      try sandbox.folder.write(damaged, to: Self.name)
      let refused = try sandbox.run(["inspect", "native"])
      #expect(refused.status == 3)
      #expect(refused.error.contains("native/accelerator.safetensors"), "\(refused.error)")
      #expect(
        refused.error.contains("delete the file, or make it again: steerctl convert"),
        "\(refused.error)")
      #expect(try sandbox.run(["convert", "native", "--accelerate"]).status == 0)
      #expect(try sandbox.run(["inspect", "native", "--check-weights"]).status == 0)
      #expect(try sandbox.folder.bytes(Self.name) == whole)
    }
  }

  @Test func onlyNativeDictionariesHaveOne() throws {
    let sandbox = try Sandbox()
    let result = try sandbox.run(["convert", "sae", "--accelerate"])
    #expect(result.status == 3)
    #expect(result.error.contains("--to native --output DIR --accelerate"), "\(result.error)")
    #expect(try FileSystem.names(in: sandbox.folder.file("sae")).count == 2, "nothing is written")
  }

  static let misuses: [[String]] = [
    ["convert", "sae"], ["convert", "sae", "--to", "native"],
    ["convert", "sae", "--output", "copy"], ["convert", "sae", "--output", "copy", "--accelerate"],
    ["convert", "sae", "--to", "native", "--accelerate"],
    ["convert", "sae", "--to", "saelens", "--output", "copy", "--accelerate"],
    ["convert", "native", "--accelerate", "--type", "bf16"],
    ["convert", "native", "--accelerate", "--allow-rounding"],
  ]

  @Test(arguments: misuses)
  func misuseIsExplained(_ arguments: [String]) throws {
    let sandbox = try native()
    let result = try sandbox.run(arguments)
    #expect(result.status == 2)
    #expect(result.error.contains("expected") || result.error.contains("give"), "\(result.error)")
    #expect(try FileSystem.names(in: sandbox.folder.file("native")).count == 2)
    #expect(try !FileSystem.names(in: sandbox.folder.path).contains("copy"))
  }
}
