import Formats

/// The file or folder that a caller named, each file in it read at most once.
///
/// Importers look at it to recognise their layout, and then read it.
///
/// Not Sendable: made and used within one call.
final class DictionarySource {
  /// As the caller gave it.
  let path: String
  /// The folder that ``names`` are in: the path itself, or what the given file lies in.
  let folder: String
  /// The name of the given file; nil when a folder was given.
  let file: String?
  /// Names in the folder, sorted; only the given file's when a file was given.
  let names: [String]

  private var objects: [String: JSONValue] = [:]
  private var collections: [String: TensorCollection] = [:]
  private var torchRoots: [String: TorchValue] = [:]

  /// - Throws: `format` when nothing is there or it cannot be looked at.
  init(_ path: String) throws(ImportError) {
    self.path = path
    do throws(FormatError) {
      switch try FileSystem.kind(path) {
      case .directory:
        folder = path
        file = nil
        names = try FileSystem.names(in: path)
      case .other:
        let parts = FileSystem.split(path)
        folder = parts.directory
        file = parts.name
        names = [parts.name]
      case nil:
        throw FormatError(.systemCall(call: "open", errno: FileSystem.notFound))
      }
    } catch {
      throw ImportError(.format(error), path: error.path ?? path)
    }
  }

  /// A short name for the dictionary: the folder's, or the file's without its extension.
  var name: String {
    guard let file else { return FileSystem.name(of: path) }
    guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return file }
    return String(file[..<dot])
  }

  /// What is there, for messages.
  var summary: String {
    if let file { return "the file '\(file)'" }
    guard !names.isEmpty else { return "an empty folder" }
    let shown = names.prefix(8).joined(separator: ", ")
    return "a folder with " + (names.count > 8 ? shown + ", … (\(names.count) in all)" : shown)
  }

  /// The path of `name`, which may lie in a folder of the folder.
  func path(of name: String) -> String { FileSystem.join(folder, name) }

  /// ``folder`` from the root on, for what the names of folders declare.
  func absoluteFolder() throws(ImportError) -> String {
    do throws(FormatError) {
      return try FileSystem.absolute(folder)
    } catch {
      throw ImportError(.format(error), path: path)
    }
  }

  /// Whether the caller's folder has `name`, or the caller's file is it.
  func has(_ name: String) throws(ImportError) -> Bool {
    if !name.utf8.contains(UInt8(ascii: "/")) { return names.contains(name) }
    return file == nil ? try DictionaryImporter.exists(path(of: name)) : false
  }

  /// Whether there is a file called `name` beside the caller's file, or in the caller's folder.
  func hasBeside(_ name: String) throws(ImportError) -> Bool {
    try DictionaryImporter.exists(path(of: name))
  }

  /// The only name here with one of `suffixes`; nil when there is none or more than one.
  func onlyName(endingIn suffixes: [String]) -> String? {
    let found = names.filter { name in suffixes.contains { name.hasSuffix($0) } }
    return found.count == 1 ? found[0] : nil
  }

  /// Names under which other layouts keep their weights.
  private static let safetensorsStems = ["sae_weights", "sae", "params", "model"]

  /// The given file, or the only one of the folder, when its name ends in one of `suffixes`.
  ///
  /// None in a folder that has another layout's weights: what else lies there is of a training run.
  func mainName(endingIn suffixes: [String]) -> String? {
    if file == nil, Self.safetensorsStems.contains(where: hasSafetensors(stem:)) { return nil }
    return onlyName(endingIn: suffixes)
  }

  /// The JSON document called `name`.
  func json(_ name: String) throws(ImportError) -> JSONValue {
    if let known = objects[name] { return known }
    let path = path(of: name)
    let value = try reading(path) { () throws(FormatError) in try JSONValue.read(path: path) }
    objects[name] = value
    return value
  }

  /// The YAML document called `name`.
  func yaml(_ name: String) throws(ImportError) -> JSONValue {
    if let known = objects[name] { return known }
    let path = path(of: name)
    let value = try reading(path) { () throws(FormatError) in try YAMLDocument.read(path: path) }
    objects[name] = value
    return value
  }

  /// The tensors of the safetensors file called `name`.
  func safetensors(_ name: String) throws(ImportError) -> TensorCollection {
    if let known = collections[name] { return known }
    let path = path(of: name)
    let value = try reading(path) { () throws(FormatError) in
      try TensorCollection([try SafetensorsFile.open(path)])
    }
    collections[name] = value
    return value
  }

  /// What the file called `name`, which `torch.save` wrote, holds.
  func torch(_ name: String) throws(ImportError) -> TorchValue {
    if let known = torchRoots[name] { return known }
    let path = path(of: name)
    let value = try reading(path) { () throws(FormatError) in try TorchFile.open(path).root }
    torchRoots[name] = value
    return value
  }

  /// The arrays of the npz file called `name`.
  func npz(_ name: String) throws(ImportError) -> TensorCollection {
    if let known = collections[name] { return known }
    let path = path(of: name)
    let value = try reading(path) { () throws(FormatError) in try NPZFile.open(path) }
    collections[name] = value
    return value
  }

  /// The tensors of `<stem>.safetensors`, or of the shards that its index names.
  func shardedSafetensors(stem: String) throws(ImportError) -> TensorCollection {
    let key = stem + ".safetensors"
    if let known = collections[key] { return known }
    let value = try reading(path(of: key)) { () throws(FormatError) in
      try ShardedSafetensors.open(directory: folder, stem: stem)
    }
    collections[key] = value
    return value
  }

  /// Whether the folder has `<stem>.safetensors`, whole or in shards.
  func hasSafetensors(stem: String) -> Bool {
    names.contains(stem + ".safetensors") || names.contains(stem + ".safetensors.index.json")
  }

  /// Runs a reader and says which file its error is about.
  private func reading<T>(
    _ path: String, _ body: () throws(FormatError) -> T
  ) throws(ImportError) -> T {
    do throws(FormatError) {
      return try body()
    } catch {
      throw ImportError(.format(error), path: error.path ?? path)
    }
  }
}
