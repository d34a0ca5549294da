/// Opens a file of named tensors in whatever container it is, told from its content.
package enum TensorFile {
  /// All tensors of the safetensors, npz, npy or GGUF file at `path`; the array of npy is called `array`.
  ///
  /// A file that `torch.save` wrote holds a tree, not a list: it is refused here, see ``TorchFile``.
  /// - Throws: what the readers throw; `unsupported` for torch files, `unrecognised`; with the path.
  package static func open(_ path: String) throws(FormatError) -> TensorCollection {
    do throws(FormatError) {
      let mapped = try MappedFile.open(path)
      let prefix = try mapped.copyBytes(0..<min(9, mapped.byteCount))
      if NPYHeader.hasMagic(prefix.span.bytes) {
        let entry = TensorCollection.Entry(
          name: NPYHeader.tensorName, tensor: try NPYFile.open(mapped).tensor, path: path)
        return try TensorCollection(paths: [path], [entry])
      }
      if prefix.starts(with: "GGUF".utf8) { return try GGUFFile.open(mapped).tensors() }
      if prefix.count == 9, prefix[8] == UInt8(ascii: "{") {
        return try TensorCollection([try SafetensorsFile.open(mapped)])
      }
      if try ZipArchive.isLikely(mapped) {
        let archive = try ZipArchive.open(mapped)
        guard !TorchFile.isTorch(archive) else {
          throw FormatError(
            .unsupported(
              what: "a torch file as a plain list of tensors",
              advice: "convert it to safetensors"))
        }
        return try NPZFile.read(archive)
      }
      throw FormatError(
        .unrecognised(
          expected: "safetensors, npz, npy or GGUF", advice: "convert it to safetensors"))
    } catch {
      throw error.at(path: path)
    }
  }
}
