import Tensors

/// A file that `torch.save` wrote: a zip archive of a pickle and of raw storages.
///
/// The pickle is read by a machine that knows tensors and plain data and cannot call anything; see
/// ``PickleScan`` and ``PickleMachine``. Contiguous tensors point into the mapping.
package struct TorchFile: Sendable {
  package let path: String
  package let root: TorchValue

  /// Maps and checks the file at `path`.
  ///
  /// - Throws: `refusedCall` for a pickle that would call anything, before any of it is read;
  ///   `unsupported` for TorchScript, for big-endian storages and for files of before torch 1.6; what
  ///   ``ZipArchive`` throws; `invalidPickle`, `limitExceeded`, `sizeMismatch`, `wrongShape`,
  ///   `duplicateKey`; always with the path.
  package static func open(_ path: String) throws(FormatError) -> TorchFile {
    try open(try MappedFile.open(path))
  }

  /// Checks a file that is mapped already.
  package static func open(_ mapped: MappedFile) throws(FormatError) -> TorchFile {
    do throws(FormatError) {
      guard try ZipArchive.isLikely(mapped) else { throw try refusal(of: mapped) }
      return try read(try ZipArchive.open(mapped), limits: PickleLimits())
    } catch {
      throw error.at(path: mapped.path)
    }
  }

  static func read(
    _ archive: ZipArchive, limits: PickleLimits
  ) throws(FormatError) -> TorchFile {
    let folder = try folder(of: archive)
    if let entry = archive["\(folder)/byteorder"] {
      let order = String(decoding: try archive.copy(entry, limit: 64), as: UTF8.self)
      guard order == "little" else {
        throw FormatError(
          .unsupported(
            what: "byte order \(MessageText.quoted(order))",
            advice: "save the file again on a little-endian machine"))
      }
    }
    guard let entry = archive["\(folder)/data.pkl"] else {
      throw FormatError(.missingField(field: "data.pkl"))
    }
    let pickle = try archive.copy(entry, limit: limits.byteCount)
    var machine = PickleMachine(limits: limits)
    let item: PickleItem
    do throws(FormatError) {
      try PickleScan.check(pickle.span.bytes, limits: limits)
      item = try machine.run(pickle.span.bytes)
    } catch {
      // The offset counts from the start of the pickle, and the path says so.
      throw error.at(path: FilePath.join(archive.path, entry.name))
    }
    var tree = TorchTree(archive, folder: folder, machine.objects, limits: limits)
    do throws(FormatError) {
      return TorchFile(path: archive.path, root: try tree.value(item))
    } catch {
      // What has an offset is about an entry of the archive, and counts from the archive's start.
      throw error.offset == nil ? error.at(path: FilePath.join(archive.path, entry.name)) : error
    }
  }

  /// Whether the archive is one that `torch.save` writes.
  static func isTorch(_ archive: ZipArchive) -> Bool {
    archive.entries.contains { entry in
      let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
      return parts.count == 2 && parts[1] == "data.pkl"
    }
  }

  /// The one folder that everything in the archive is in.
  private static func folder(of archive: ZipArchive) throws(FormatError) -> String {
    var folders: Set<Substring> = []
    for entry in archive.entries {
      let parts = entry.name.split(
        separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      folders.insert(parts[0])
      if parts[1] == "constants.pkl" || parts[1].hasPrefix("code/") {
        throw FormatError(
          .unsupported(
            what: "a TorchScript archive",
            advice: "save the weights alone: torch.save(model.state_dict(), path)"))
      }
    }
    guard folders.count == 1, let folder = folders.first else {
      throw FormatError(
        .unrecognised(
          expected: "a file that torch.save wrote, with everything in one folder",
          advice: "write it with torch.save"))
    }
    return String(folder)
  }

  /// What to say of a file that is no zip archive.
  private static func refusal(of mapped: MappedFile) throws(FormatError) -> FormatError {
    let start = try mapped.copyBytes(0..<min(512, mapped.byteCount))
    // The pickled integer 0x1950a86a20f9469cfc6c, in any protocol from 2 on.
    let magic: [UInt8] = [
      0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]
    let isOldPickle =
      start.count >= 14 && start[0] == 0x80 && start[2..<14].elementsEqual(magic)
    let isTar = start.count >= 262 && start[257..<262].elementsEqual("ustar".utf8)
    let advice = "load it with torch and save it again, or convert it to safetensors"
    if isOldPickle || isTar {
      return FormatError(
        .unsupported(what: "a torch file of before version 1.6", advice: advice), offset: 0)
    }
    if start.first == 0x80 {
      return FormatError(
        .unsupported(what: "a bare pickle", advice: "save tensors with torch.save or safetensors"),
        offset: 0)
    }
    return FormatError(
      .unrecognised(
        expected: "a file that torch.save wrote", advice: "write it with torch.save"), offset: 0)
  }
}
