import Importers
import Steering
import Testing

/// What is said where a dictionary cannot have an accelerator.
@Suite struct ExportMessageTests {
  @Test func anObstacleNamesWhatHasAUse() {
    let error = SteeringError(ExportError(.noAccelerator(of: "gated")))
    #expect(error.code == .unsupportedDictionary)
    #expect(
      error.message
        == "an accelerator is of no use for gated, expected a dense encoder with rows of at most"
        + " 130000 numbers and one of relu, jumpReLU, batchTopK, topK, signedTopK, absTopK")
  }

  @Test func aRowThatIsTooLongIsNamedWithItsFile() {
    let reason = ExportError.Reason.rowTooLong(feature: 17, norm: 3e10, limit: 1e10)
    let text =
      "the encoder row of feature 17 has norm 3e+10, expected at most 1e+10 for an accelerator,"
      + " whose bounds would not hold"
    let copied = SteeringError(ExportError(reason))
    #expect(copied.code == .unsupportedDictionary && copied.message == text)
    let inPlace = SteeringError(ExportError(reason, path: "native/weights.safetensors"))
    #expect(inPlace.message == "native/weights.safetensors: " + text)
  }
}
