import Tensors

/// Named tensors from one safetensors file or from several that belong together.
package struct TensorCollection: Sendable {
  package let files: [SafetensorsFile]
  /// File by file, in offset order within each.
  package let tensors: [(name: String, tensor: Tensor)]
  private let indices: [String: Int]

  package var names: [String] { tensors.map(\.name) }

  /// The tensor called `name`.
  package subscript(name: String) -> Tensor? {
    indices[name].map { tensors[$0].tensor }
  }

  /// The tensor called `name`, or `tensorMissing`.
  package func tensor(_ name: String) throws(FormatError) -> Tensor {
    guard let tensor = self[name] else {
      throw FormatError(
        .tensorMissing(name: name, available: names),
        path: files.count == 1 ? files[0].path : nil)
    }
    return tensor
  }

  /// All tensors of one file.
  package init(_ file: SafetensorsFile) {
    files = [file]
    tensors = file.tensors
    indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
  }

  /// All tensors of several files, whose names must differ.
  ///
  /// - Throws: `duplicateTensor`.
  package init(_ files: [SafetensorsFile]) throws(FormatError) {
    var tensors: [(name: String, tensor: Tensor)] = []
    var indices: [String: Int] = [:]
    var owners: [String: String] = [:]
    for file in files {
      for entry in file.tensors {
        if let owner = owners.updateValue(file.path, forKey: entry.name) {
          let names = [owner, file.path].map { FilePath.split($0).name }
          throw FormatError(.duplicateTensor(name: entry.name, files: names))
        }
        indices[entry.name] = tensors.count
        tensors.append(entry)
      }
    }
    self.files = files
    self.tensors = tensors
    self.indices = indices
  }
}
