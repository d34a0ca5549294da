import Formats
import Importers
import TestSupport
import Testing

/// Torch files that lie beside something else.
@Suite struct TorchRecognitionTests {
  /// Training runs leave optimiser states behind; they are not looked at.
  @Test func aFolderOfAnotherLayoutIsNotSearchedForTorchFiles() throws {
    let folder = try SAELensFolder()
    try folder.folder.write("no torch file", to: "trainer_state.pt")
    try folder.folder.write("no npz file", to: "rows.npz")
    #expect(try folder.failure() == nil)
  }

  @Test func severalTorchFilesAreNoLayout() throws {
    let folder = try TorchFolder(
      "a.pt",
      TorchFolder.dense([
        "encoder_linear.weight", "decoder_linear.weight", "encoder_linear.bias",
        "decoder_linear.bias",
      ]))
    try folder.write()
    try folder.folder.write(torchFile(folder.root), to: "b.pt")
    #expect(
      importFailure(folder.folder.path, .with { $0.format = .goodfire })?.reason
        == .unknownLayout(
          found: "a folder with a.pt, b.pt",
          accepted: ["a .pt or .pth file with encoder_linear and decoder_linear (goodfire)"]))
    guard case .unknownLayout = importFailure(folder.folder.path)?.reason else {
      Issue.record("one of two files was taken")
      return
    }
    #expect(importFailure(folder.filePath) == nil)
  }

  @Test func aLayoutWithoutImporterIsAnError() throws {
    let folder = try SAELensFolder()
    for format in DictionaryFormat.allCases {
      let reason = try folder.failure(.with { $0.format = format })?.reason
      if format == .saelens { #expect(reason == nil) } else { #expect(reason != nil) }
    }
  }
}
