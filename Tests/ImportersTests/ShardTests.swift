import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Weights spread over several files with an index.
@Suite struct ShardTests {
  private func writeShards(
    _ folder: SAELensFolder, second: [String] = ["W_dec", "b_dec"]
  ) throws {
    try folder.write()
    let path = folder.folder.path
    try writeSafetensors(
      path + "/a.safetensors", folder.tensors.filter { !second.contains($0.name) })
    try writeSafetensors(
      path + "/b.safetensors", folder.tensors.filter { second.contains($0.name) })
    let map = folder.tensors.map {
      JSONValue.Member(
        $0.name, second.contains($0.name) ? "b.safetensors" : "a.safetensors")
    }
    let index: JSONValue = ["metadata": [:], "weight_map": .object(map)]
    try folder.folder.write(index.serialised(), to: "sae_weights.safetensors.index.json")
    try folder.folder.remove("sae_weights.safetensors")
  }

  @Test func shardsEqualOneFile() throws {
    let folder = try SAELensFolder("jumprelu")
    let whole = try folder.open()
    try writeShards(folder)
    let sharded = try DictionaryImporter.open(folder.folder.path)
    let rows: [Float] = [1, -2, 0.5, -1, 3, 2]
    #expect(try sharded.codes(of: rows, count: 2) == whole.codes(of: rows, count: 2))
    #expect(sharded.ledger == whole.ledger)
    #expect(sharded.decoderBias == whole.decoderBias)
  }

  /// The error names the file that holds the tensor, not the first one.
  @Test func errorsNameTheShard() throws {
    var folder = try SAELensFolder()
    folder.set(TestTensor("W_dec", [3, 5], folder.decoder))
    try writeShards(folder)
    #expect(
      importFailure(folder.folder.path)
        == ImportError(
          .shape(tensor: "W_dec", found: [3, 5], expected: [5, 3], from: "config d_sae, d_in"),
          path: folder.folder.file("b.safetensors")))
    var other = try SAELensFolder()
    other.poke("b_dec", 1, .nan)
    try writeShards(other)
    #expect(importFailure(other.folder.path)?.path == other.folder.file("b.safetensors"))
  }

  @Test func tensorsMissingEverywhereAreNamed() throws {
    var folder = try SAELensFolder()
    folder.remove("b_enc")
    try writeShards(folder)
    guard
      case .missingTensor("b_enc", let available, "standard") =
        importFailure(folder.folder.path)?.reason
    else {
      Issue.record("a missing tensor was not noticed")
      return
    }
    #expect(Set(available) == ["W_enc", "W_dec", "b_dec"])
  }

  @Test func weightsThatAreNotThere() throws {
    let folder = try SAELensFolder()
    try folder.write()
    try folder.folder.remove("sae_weights.safetensors")
    let error = try #require(importFailure(folder.folder.path))
    #expect(error.path == folder.weightsPath)
    guard case .format(let inner) = error.reason, case .systemCall("open", _) = inner.reason else {
      Issue.record("\(error.reason)")
      return
    }
  }
}
