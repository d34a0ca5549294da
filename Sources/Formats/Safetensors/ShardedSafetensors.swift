import Glibc
import Tensors

/// Opens weights that are one safetensors file or several with an index, as Hugging Face lays out.
package enum ShardedSafetensors {
  /// The most files an index may name.
  package static let shardLimit = 512

  /// Opens `<stem>.safetensors` in `directory`, or, when absent, `<stem>.safetensors.index.json`.
  ///
  /// - Throws: what ``SafetensorsFile`` and ``openIndex(_:)`` throw.
  package static func open(
    directory: String, stem: String = "model"
  ) throws(FormatError) -> TensorCollection {
    let single = FilePath.join(directory, stem + ".safetensors")
    let index = single + ".index.json"
    if access(single, F_OK) != 0, errno == ENOENT, access(index, F_OK) == 0 {
      return try openIndex(index)
    }
    return try TensorCollection([try SafetensorsFile.open(single)])
  }

  /// Opens the shards that an index names; they must lie in the folder of the index.
  ///
  /// - Throws: `invalidFileName` for a shard that is no plain file name, `tensorMissing` for a
  ///   mapped tensor its shard lacks, `unmappedTensor`, `duplicateTensor`, the field errors.
  package static func openIndex(_ path: String) throws(FormatError) -> TensorCollection {
    let document = try JSONValue.read(path: path)
    let map: [JSONValue.Member]
    do throws(FormatError) {
      map = try weightMap(document)
      try checkShards(map)
    } catch {
      throw error.at(path: path)
    }
    let directory = FilePath.split(path).directory
    var files: [SafetensorsFile] = []
    var fileIndices: [String: Int] = [:]
    for member in map {
      guard case .string(let name) = member.value, fileIndices[name] == nil else { continue }
      fileIndices[name] = files.count
      files.append(try SafetensorsFile.open(FilePath.join(directory, name)))
    }
    let collection: TensorCollection
    do throws(FormatError) {
      collection = try TensorCollection(files)
      try check(map, files, fileIndices)
    } catch {
      throw error.at(path: path)
    }
    return collection
  }

  private static func weightMap(
    _ document: JSONValue
  ) throws(FormatError) -> [JSONValue.Member] {
    guard case .object(let members) = document else {
      throw FormatError(
        .wrongType(field: "index", found: document.kind, expected: "an object"))
    }
    let accepted = ["metadata", "weight_map"]
    for member in members where !accepted.contains(member.key) {
      throw FormatError(.unknownField(field: member.key, accepted: accepted))
    }
    if let metadata = document["metadata"], metadata.asObject == nil {
      throw FormatError(
        .wrongType(field: "metadata", found: metadata.kind, expected: "an object"))
    }
    guard let map = document["weight_map"] else {
      throw FormatError(.missingField(field: "weight_map"))
    }
    guard case .object(let entries) = map else {
      throw FormatError(.wrongType(field: "weight_map", found: map.kind, expected: "an object"))
    }
    return entries
  }

  /// Every shard is a plain name, before any of them is opened.
  private static func checkShards(_ map: [JSONValue.Member]) throws(FormatError) {
    var names: Set<String> = []
    for member in map {
      guard case .string(let name) = member.value else {
        throw FormatError(
          .wrongType(
            field: "weight_map.\(member.key)", found: member.value.kind, expected: "a file name"))
      }
      guard isPlain(name) else { throw FormatError(.invalidFileName(name: name)) }
      names.insert(name)
    }
    guard names.count <= shardLimit else {
      throw FormatError(.limitExceeded(what: "shards", found: names.count, limit: shardLimit))
    }
  }

  /// Whether `name` can only mean a file in the folder it is joined to.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
  }

  /// The map and the shards say the same.
  private static func check(
    _ map: [JSONValue.Member], _ files: [SafetensorsFile], _ fileIndices: [String: Int]
  ) throws(FormatError) {
    var owners: [String: Int] = [:]
    for member in map {
      guard case .string(let name) = member.value, let index = fileIndices[name] else { continue }
      guard files[index][member.key] != nil else {
        throw FormatError(
          .tensorMissing(name: member.key, available: files[index].tensors.map(\.name)),
          path: files[index].path)
      }
      owners[member.key] = index
    }
    for (index, file) in files.enumerated() {
      for (name, _) in file.tensors where owners[name] != index {
        throw FormatError(
          .unmappedTensor(name: name, file: FilePath.split(file.path).name))
      }
    }
  }
}
