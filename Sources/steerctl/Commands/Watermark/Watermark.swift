import ArgumentParser

/// `steerctl watermark`: everything about marks in text.
struct Watermark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watermark",
    abstract: "Mark generated text, find the mark again, and measure how well that works.",
    discussion: """
      A bank is public and says which structures can be steered; a key is secret and chooses some of
      them for each document. Walk through it: docs/watermark.md.
      """,
    subcommands: [
      WatermarkBind.self, WatermarkKeys.self, WatermarkPlan.self, WatermarkCalibrate.self,
      WatermarkDetect.self, WatermarkEvaluate.self,
    ])
}
