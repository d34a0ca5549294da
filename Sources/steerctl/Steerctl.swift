import ArgumentParser
import Foundation
import Steering

/// The command-line tool: arguments in, library calls, text or JSON out.
@main
struct Steerctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steerctl",
    abstract: "Read and change what a language model is thinking, with sparse autoencoders.",
    discussion: """
      Try it:   steerctl apply --feature 1234 --alpha 4
      Without --sae and --activations, verbs work on the bundled dictionary and activations.

      Exit codes: 0 done, 1 a negative verdict (verify, detect), 2 usage, 3 bad input, 4 environment
      (files, disk).
      Environment: NO_COLOR turns colour off. STEERING_KERNELS=scalar, avx2, avx512 or avx512vnni
      picks the kernels. STEERING_DEFAULT names another folder with a bundled default.
      """,
    version: "\(SteeringVersion.text)",
    subcommands: [
      Inspect.self, Verify.self, Features.self, Encode.self, Apply.self, Fit.self, Calibrate.self,
      Evaluate.self, Detect.self, WriteReport.self, Convert.self, Export.self, Import.self,
      Hooks.self, Watermark.self,
    ])

  /// Parses, runs, and turns every error into one line on standard error and an exit code.
  static func main() {
    do {
      try Arguments.check(
        verbs: configuration.subcommands.compactMap { $0.configuration.commandName })
      var command = try parseAsRoot()
      try command.run()
    } catch let error as SteeringError {
      Terminal.complain(error.message)
      Foundation.exit(error.code == .inputOutput ? 4 : 3)
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch {
      let isRequested = exitCode(for: error) == .success
      let text = isRequested ? message(for: error) : fullMessage(for: error)
      if !text.isEmpty { (isRequested ? Terminal.out : Terminal.error).write(text + "\n") }
      Foundation.exit(isRequested ? 0 : 2)
    }
  }
}
