import Tensors

/// Named tensors from one file or from several that belong together, whatever their container.
package struct TensorCollection: Sendable {
  /// A named tensor and the file that holds it.
  package struct Entry: Sendable {
    package let name: String
    package let tensor: Tensor
    package let path: String

    package init(name: String, tensor: Tensor, path: String) {
      self.name = name
      self.tensor = tensor
      self.path = path
    }
  }

  /// Paths of the files, in the order in which they were given.
  package let paths: [String]
  /// File by file, in the order of each.
  package let entries: [Entry]
  private let indices: [String: Int]

  package var names: [String] { entries.map(\.name) }

  /// The tensor called `name`.
  package subscript(name: String) -> Tensor? {
    indices[name].map { entries[$0].tensor }
  }

  /// The file that holds the tensor called `name`.
  package func path(of name: String) -> String? {
    indices[name].map { entries[$0].path }
  }

  /// The tensor called `name`, or `tensorMissing`.
  package func tensor(_ name: String) throws(FormatError) -> Tensor {
    guard let tensor = self[name] else {
      throw FormatError(
        .tensorMissing(name: name, available: names), path: paths.count == 1 ? paths[0] : nil)
    }
    return tensor
  }

  /// Collects `entries`, whose names must differ.
  ///
  /// - Throws: `duplicateTensor`.
  package init(paths: [String], _ entries: [Entry]) throws(FormatError) {
    var indices: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if let earlier = indices.updateValue(index, forKey: entry.name) {
        let names = [entries[earlier].path, entry.path].map { FilePath.split($0).name }
        throw FormatError(.duplicateTensor(name: entry.name, files: names), path: paths.first)
      }
    }
    self.paths = paths
    self.entries = entries
    self.indices = indices
  }

  /// All tensors of several safetensors files, whose names must differ.
  ///
  /// - Throws: `duplicateTensor`.
  package init(_ files: [SafetensorsFile]) throws(FormatError) {
    try self.init(
      paths: files.map(\.path),
      files.flatMap { file in
        file.tensors.map { Entry(name: $0.name, tensor: $0.tensor, path: file.path) }
      })
  }
}
