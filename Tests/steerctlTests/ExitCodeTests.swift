import Foundation
import Testing

@Suite struct ExitCodeTests {
  struct Case: Sendable, CustomStringConvertible {
    var arguments: [String]
    var status: Int32
    var message: String
    var description: String { arguments.joined(separator: " ") }

    init(_ arguments: String, _ status: Int32, _ message: String) {
      // A blank at the end stands for an empty argument.
      self.arguments =
        arguments.split(separator: " ").map(String.init) + (arguments.hasSuffix(" ") ? [""] : [])
      self.status = status
      self.message = message
    }
  }

  static let usage = [
    Case(
      "steer", 2,
      "no verb 'steer', expected inspect, verify, features, encode, apply, fit, calibrate,"
        + " evaluate, detect, report, convert, export, import, hooks, watermark"),
    Case("verify sae SAE IN", 2, "give the folder once"),
    Case("verify sae", 2, "a dictionary needs --activations"),
    Case("verify SAE IN --declared-l0 0", 2, "--declared-l0 is 0.0, expected a positive number"),
    Case("verify SAE IN --declared-fvu -1", 2, "--declared-fvu"),
    Case("verify SAE IN --sample-rows 1", 2, "--sample-rows is 1, expected 2 to 1000000"),
    Case("verify SAE IN --rows most", 2, "The value 'most' is invalid"),
    Case("hooks", 2, "Missing expected argument '<name>'"),
    Case("hooks l_out-3 --scheme tl", 2, "The value 'tl' is invalid"),
    Case("hooks l_out-3 --confirm all", 2, "The value 'all' is invalid"),
    Case("hooks l_out-3 --layers 0", 2, "--layers is 0, expected 1 to 100000"),
    Case("apply SAE IN", 2, "nothing to do: give --feature and --alpha, or --plan"),
    Case("apply SAE IN --feature 1", 2, "1 --feature but 0 --alpha"),
    Case(
      "apply SAE IN --feature 1 --feature 2 --feature 3 --alpha 1 --alpha 2", 2, "3 --feature but 2"
    ),
    Case("apply SAE IN --feature x --alpha 1", 2, "The value 'x' is invalid"),
    Case(
      "apply SAE IN --feature 1 --mode ablate --alpha 1", 2,
      "--alpha means nothing with --mode ablate"),
    Case("apply SAE IN --feature 1 --mode gone --alpha 1", 2, "The value 'gone' is invalid"),
    Case(
      "apply SAE IN --feature 1 --alpha 1 --max-activation 3", 2,
      "needs --strength max-activation"),
    Case("apply SAE IN --feature 1 --alpha 1 --skip-first -1", 2, "--skip-first"),
    Case("apply SAE IN --feature 1 --alpha 1 --prompt-length -1", 2, "--prompt-length"),
    Case("apply SAE IN --feature 1 --alpha 1 --range 5:2", 2, "The value '5:2' is invalid"),
    Case("apply SAE IN --plan p.json --feature 1", 2, "--plan says everything itself"),
    Case("apply SAE IN --feature 1 --alpha 1 --json --output -", 2, "both want standard output"),
    Case("apply SAE --feature 1 --alpha 1", 2, "--sae needs --activations"),
    Case("encode SAE IN --threads 0", 2, "--threads is 0, expected 1 to 1,024"),
    Case("encode SAE IN --average-by x --threads 2", 2, "--average-by encodes one mean at a time"),
    Case("encode SAE IN --threads 1025", 2, "--threads is 1025, expected 1 to 1,024"),
    Case("encode SAE IN --threads=-1", 2, "--threads is -1, expected 1 to 1,024"),
    Case("encode SAE IN --threads two", 2, "The value 'two' is invalid"),
    Case("encode SAE IN --dense", 2, "--dense, --layout and --decode need --output"),
    Case("encode SAE IN --json --output /dev/stdout", 2, "both want standard output"),
    Case("encode SAE IN --json --output -", 2, "both want standard output"),
    Case("encode SAE --tensor x", 2, "--tensor and --shape need --activations"),
    Case("encode SAE IN --shape 3", 2, "The value '3' is invalid"),
    Case("encode SAE IN --activation-scale 0", 2, "expected a positive number"),
    Case("encode SAE IN --activation-scale 2 --rows-already-scaled", 2, "exclude each other"),
    Case("apply SAE IN --feature 1 --alpha nan", 2, "nan is not a number that f32 can hold"),
    Case("apply SAE IN --feature 1 --alpha 1 --phase prompt", 2, "needs --prompt-length"),
    Case("encode SAE IN --layer=-1", 2, "--layer is -1, expected 0 or more"),
    Case("features 1 SAE --meta-rows-as-stored", 2, "--meta-rows-as-stored needs --meta"),
    Case("features SAE", 2, "give one feature"),
    Case("features 1 --feature 2 SAE", 2, "give one feature"),
    Case("features 1 --count 0 SAE", 2, "--count is 0, expected 1 or more"),
    Case("inspect here SAE", 2, "give the folder once"),
    Case("inspect SAE --top-k 0", 2, "--top-k is 0, expected 1 or more"),
    Case("inspect SAE --layer=-1", 2, "--layer is -1, expected 0 or more"),
    Case("inspect SAE --format none", 2, "The value 'none' is invalid"),
    Case("inspect SAE --kind none", 2, "The value 'none' is invalid"),
    Case("inspect SAE --activation-units none", 2, "The value 'none' is invalid"),
    Case("convert SAE --output copy", 2, "--to"),
    Case("convert SAE --to saelens", 2, "--output"),
    Case("convert SAE --to gguf --output copy", 2, "The value 'gguf' is invalid"),
    Case("convert SAE --to native --output copy --type f64", 2, "The value 'f64' is invalid"),
    Case("convert SAE --to native --output ", 2, "--output is empty"),
    Case("convert here SAE --to native --output copy", 2, "give the dictionary once"),
    Case(
      "export --control-vector x --feature 1 --alpha 1 --sae-layer=-1", 2,
      "--sae-layer is -1, expected 0 or more"),
    Case(
      "import --control-vector x --output y --sae-layer 1", 2,
      "--sae-layer is for the dictionary to compare with"),
    Case(
      "import --control-vector x --output y --top-k 1", 2,
      "--top-k is for the dictionary to compare with"),
  ]

  static let input = [
    Case("encode SAE IN --average-by turns", 3, "turns"),
    Case("features 6 SAE", 3, "feature 6 does not exist, expected 0 to 5"),
    Case("apply SAE IN --feature 6 --alpha 1", 3, "--feature is 6, expected 0 to 5"),
    Case("apply SAE IN --feature 1 --feature 1 --mode clamp --alpha 1", 3, "sets feature 1"),
    Case(
      "apply SAE IN --plan phase.json", 3,
      "phase.json: 'scope.phase' needs to know where the prompt ends: give --prompt-length"),
    Case("apply SAE IN --plan far.json", 3, "far.json: 'interventions[0].feature' is 600"),
    Case("apply SAE IN --feature 1 --alpha 1 --output in.safetensors", 3, "is a file being read"),
    Case(
      "apply SAE IN --feature 1 --alpha 1 --output sae/../in.safetensors", 3,
      "is a file being read"),
    Case("encode SAE IN --output link", 3, "is a file being read"),
    Case("encode SAE IN --output sae/cfg.json", 3, "is a file being read"),
    Case("apply SAE IN --plan far.json --output far.json", 3, "is a file being read"),
    Case("encode SAE IN --output ", 3, "--output is empty"),
    Case("encode SAE IN --tensor gone", 3, "tensor 'gone' is missing"),
    Case("encode SAE IN --shape 6,4", 3, "leave out --shape"),
    Case("encode SAE --activations sae/cfg.json", 3, "unknown format"),
    Case("inspect in.safetensors", 3, "not a dictionary"),
    Case("verify SAE IN --targets in.safetensors", 3, "targets belong to a transcoder"),
    Case("hooks layers.3.gate", 3, "hook 'layers.3.gate' is unknown, accepted: hook_embed, "),
    Case("hooks direction.3", 3, "expected the scheme: repeng or cvector-generator"),
    Case("hooks ffn_out-3 --model gemma-3-270m", 3, "confirm 'sandwich-norm'"),
    Case("hooks ffn_inp-3 --model gemma-3-270m", 3, "expected sa_out-3"),
    Case("inspect SAE --top-k 2", 3, "the option 'k' with layout 'saelens' is not supported"),
    Case("inspect SAE --layer 2", 3, "the option 'layer' with layout 'saelens'"),
    Case("inspect SAE --kind transcoder", 3, "the option 'kind' with layout 'saelens'"),
    Case("inspect SAE --architecture topk", 3, "the option 'architecture' with layout 'saelens'"),
    Case(
      "inspect SAE --activation-units raw", 3, "the option 'activationUnits' with layout 'saelens'"),
    Case("inspect SAE --format native", 4, "dictionary.json"),
    Case("convert SAE --to saelens --output sae", 3, "sae exists, expected the name of a new"),
    Case("convert SAE --to saelens --output link", 3, "link exists, expected the name of a new"),
    Case(
      "convert SAE --activation-scale 0.3 --to saelens --output copy", 3,
      "the activation scale 0.3 would round: saelens takes it folded"),
    Case("convert in.safetensors --to native --output copy", 3, "not a dictionary"),
    Case(
      "convert SAE --format llamascopium-clt --to native --output copy", 3,
      "native cannot hold a cross-layer transcoder (llamascopium-clt): each of its features"),
    Case("apply SAE IN --plan bad.json", 3, "bad.json: key 'version' is missing"),
  ]

  static let environment = [
    Case("convert gone --to native --output copy", 4, "gone: open: no such file"),
    Case("convert SAE --to native --output gone/copy", 4, "gone/copy: mkdir"),
    Case("inspect gone", 4, "gone: open: no such file or directory"),
    Case("verify SAE IN --neighbour gone.npy", 4, "gone.npy: open: no such file or directory"),
    Case("encode SAE --activations gone.npy", 4, "gone.npy: open: no such file or directory"),
    Case("apply SAE IN --plan gone.json", 4, "gone.json"),
    Case("encode SAE IN --output gone/out", 4, "gone/out"),
    Case("apply SAE IN --feature 1 --alpha 1 --output gone/out", 4, "gone/out"),
  ]

  @Test(arguments: usage + input + environment)
  func errorAndStatus(_ example: Case) throws {
    let sandbox = try Sandbox()
    try sandbox.folder.write("{}", to: "bad.json")
    try sandbox.folder.write(
      #"{"version": 1, "interventions": [{"feature": 600, "alpha": 1}]}"#, to: "far.json")
    try sandbox.folder.write(
      #"{"version":1,"scope":{"phase":"prompt"},"interventions":[{"feature":1,"alpha":1}]}"#,
      to: "phase.json")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.folder.file("link"), withDestinationPath: "in.safetensors")
    let existing = try FileManager.default.contentsOfDirectory(atPath: sandbox.folder.path)
    let before = try sandbox.folder.bytes("in.safetensors")
    let arguments = example.arguments.flatMap {
      switch $0 {
      case "SAE": ["--sae", "sae"]
      case "IN": ["--activations", "in.safetensors"]
      default: [$0]
      }
    }
    let result = try sandbox.run(arguments)
    #expect(result.status == example.status)
    #expect(result.output.isEmpty)
    #expect(result.error.contains(example.message), "\(result.error)")
    if example.status != 2 {
      #expect(result.error.hasPrefix("steerctl: error: "))
      #expect(result.error.split(separator: "\n").count == 1)
    }
    #expect(!result.error.contains("\u{1B}"))
    let names = try FileManager.default.contentsOfDirectory(atPath: sandbox.folder.path)
    #expect(Set(names) == Set(existing))
    #expect(try sandbox.folder.bytes("in.safetensors") == before)
  }

  @Test(arguments: [["--help"], ["--version"], ["apply", "--help"], []])
  func helpAndVersionAreDone(_ arguments: [String]) throws {
    let result = try Tool.run(arguments)
    #expect(result.status == 0)
    #expect(!result.output.isEmpty)
    #expect(result.error.isEmpty)
  }
}
