import ArgumentParser
import Steering

extension Intervention.Mode: ExpressibleByArgument {}
extension Intervention.Strength: ExpressibleByArgument {}
extension Scope.Phase: ExpressibleByArgument {}

/// A plan, from flags or from a file.
struct PlanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Feature to steer (repeatable, paired with --alpha).", valueName: "index"))
  var feature: [Int] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Amount, one per --feature or one for all: what to add; for clamp, floor and ceiling the "
        + "target; for scale the factor.", valueName: "number"))
  var alpha: [Double] = []

  @Option(help: "What to do with the features.")
  var mode: Intervention.Mode = .add

  @Option(
    help: ArgumentHelp(
      "Unit of alpha: decoder row, unit length, fraction of the row's norm, or the feature's "
        + "largest activation."))
  var strength: Intervention.Strength = .decoder

  @Option(
    help: ArgumentHelp(
      "Largest activation, one per --feature, for --strength max-activation.",
      discussion: "Default: measured on the ordinary rows of the activations.", valueName: "number")
  )
  var maxActivation: [Double] = []

  @Option(help: ArgumentHelp("Leave positions below this alone; 1 skips BOS.", valueName: "n"))
  var skipFirst: Int = 0

  @Option(
    help: ArgumentHelp(
      "Touch only these positions, end excluded (repeatable).", valueName: "start:end"))
  var range: [PositionRange] = []

  @Option(help: "Touch only prompt or only generated positions; needs --prompt-length.")
  var phase: Scope.Phase = .all

  @Option(
    help: ArgumentHelp("Positions from here on count as generated.", valueName: "n"))
  var promptLength: Int?

  @Option(
    help: ArgumentHelp(
      "Plan as JSON instead of flags; - reads standard input.", valueName: "file"))
  var plan: String?

  /// `start:end` on the command line.
  struct PositionRange: ExpressibleByArgument {
    var range: Range<Int>

    init?(argument: String) {
      let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let start = Int(parts[0]), let end = Int(parts[1]), start >= 0,
        start < end
      else { return nil }
      range = start..<end
    }
  }

  func validate() throws {
    if let promptLength, promptLength < 0 {
      throw ValidationError("--prompt-length is \(promptLength), expected 0 or more")
    }
    if plan != nil {
      guard feature.isEmpty, alpha.isEmpty, maxActivation.isEmpty, range.isEmpty, skipFirst == 0,
        mode == .add, strength == .decoder, phase == .all
      else {
        throw ValidationError("--plan says everything itself: leave out the other plan flags")
      }
      return
    }
    guard !feature.isEmpty else {
      throw ValidationError("nothing to do: give --feature and --alpha, or --plan")
    }
    guard skipFirst >= 0 else {
      throw ValidationError("--skip-first is \(skipFirst), expected 0 or more")
    }
    if mode.takesAlpha {
      guard alpha.count == feature.count || alpha.count == 1 else {
        throw ValidationError(
          "\(feature.count) --feature but \(alpha.count) --alpha, expected one each or one for all")
      }
    } else if !alpha.isEmpty {
      throw ValidationError("--alpha means nothing with --mode \(mode.rawValue)")
    }
    guard maxActivation.isEmpty || maxActivation.count == feature.count else {
      throw ValidationError(
        "\(feature.count) --feature but \(maxActivation.count) --max-activation, expected one each")
    }
    if let bad = (alpha + maxActivation).first(where: { !Float($0).isFinite }) {
      throw ValidationError("\(bad) is not a number that f32 can hold, expected a smaller one")
    }
    if phase != .all, promptLength == nil {
      throw ValidationError("--phase \(phase.rawValue) needs --prompt-length")
    }
    if !maxActivation.isEmpty, strength != .maximumActivation {
      throw ValidationError("--max-activation needs --strength max-activation")
    }
  }

  /// The plan that the flags or the file describe.
  func document() throws(SteeringError) -> PlanDocument {
    if let plan {
      return plan == "-"
        ? try PlanDocument.fromStandardInput() : try PlanDocument(contentsOf: plan)
    }
    let interventions = feature.enumerated().map { index, feature in
      Intervention(
        feature: feature, mode: mode, strength: strength,
        alpha: mode.takesAlpha ? alpha[alpha.count == 1 ? 0 : index] : 0,
        maximumActivation: maxActivation.isEmpty ? nil : maxActivation[index])
    }
    return PlanDocument(
      interventions,
      scope: Scope(skipFirst: skipFirst, ranges: range.map(\.range), phase: phase))
  }

  /// Runs `body` and puts its complaints about the plan into the terms in which it was given: the
  /// file's name before them, or flags instead of fields.
  func explaining<R>(_ body: () throws(SteeringError) -> R) throws(SteeringError) -> R {
    do throws(SteeringError) {
      return try body()
    } catch {
      guard error.code == .invalidPlan || error.code == .nonFinite else { throw error }
      if let plan {
        guard error.code == .invalidPlan else { throw error }
        let place = plan == "-" ? "standard input" : plan
        let message = error.message.replacing(
          "give the prompt length", with: "give --prompt-length")
        throw SteeringError(error.code, "\(place): \(message)")
      }
      var message = error.message
      for index in feature.indices {
        let field = "interventions[\(index)]"
        message = message.replacing("'\(field).feature'", with: "--feature")
          .replacing("'\(field).alpha'", with: "--alpha")
          .replacing("'\(field).strength'", with: "--strength")
          .replacing("'\(field).mode'", with: "--mode")
          .replacing("'\(field).max_activation'", with: "--max-activation")
          .replacing("'\(field)'", with: "--feature \(feature[index])")
      }
      message = message.replacing("give max_activation", with: "give --max-activation")
      throw SteeringError(error.code, message)
    }
  }
}
