import Formats
import Importers
import SAE
import TestSupport
import Tensors

/// One torch file in a folder, small enough to change one thing at a time.
struct TorchFolder {
  static let width = 3
  static let featureCount = 5

  let folder: TemporaryFolder
  var name: String
  var tensors: [TestTensor]
  /// Plain values beside the tensors.
  var values: [(key: String, value: TorchTestValue)] = []

  init(_ name: String, _ tensors: [TestTensor]) throws {
    folder = try TemporaryFolder()
    self.name = name
    self.tensors = tensors
  }

  /// Two matrices and two biases under `names`: encoder, decoder, encoder bias, decoder bias.
  ///
  /// The encoder is `[features, width]` and the decoder `[width, features]`, or, where
  /// `isModelMajor`, both the other way round.
  static func dense(
    _ names: [String], isModelMajor: Bool = false, width: Int = width, features: Int = featureCount
  ) -> [TestTensor] {
    var generator = SplitMix64(seed: 41)
    let tall = [features, width]
    let flat = [width, features]
    return [
      TestTensor(names[0], isModelMajor ? flat : tall, generator.normals(width * features)),
      TestTensor(names[1], isModelMajor ? tall : flat, generator.normals(width * features)),
      TestTensor(names[2], [features], generator.normals(features)),
      TestTensor(names[3], [width], generator.normals(width)),
    ]
  }

  /// Replaces, or adds, the tensor of the same name.
  mutating func set(_ tensor: TestTensor) {
    remove(tensor.name)
    tensors.append(tensor)
  }

  mutating func remove(_ name: String) {
    tensors.removeAll { $0.name == name }
    values.removeAll { $0.key == name }
  }

  mutating func set(_ key: String, _ value: TorchTestValue) {
    values.removeAll { $0.key == key }
    values.append((key, value))
  }

  /// The f32 values of a tensor that is to be written.
  func floats(_ name: String) -> [Float] {
    guard let tensor = tensors.first(where: { $0.name == name }) else { return [] }
    return (0..<(tensor.bytes.count / 4)).map { index in
      Float(
        bitPattern: (0..<4).reduce(0) {
          $0 | UInt32(tensor.bytes[index * 4 + $1]) << (8 * UInt32($1))
        })
    }
  }

  var filePath: String { folder.file(name) }

  var root: TorchTestValue {
    .dictionary(tensors.map { ($0.name, .tensor($0)) } + values)
  }

  func write() throws { try folder.write(torchFile(root), to: name) }

  /// Writes the file and opens the folder.
  func open(_ options: ImportOptions = ImportOptions()) throws -> SparseDictionary {
    try write()
    return try DictionaryImporter.open(folder.path, options: options)
  }

  /// Writes the file, opens the folder and returns the error; nil when there is none.
  func failure(_ options: ImportOptions = ImportOptions()) throws -> ImportError? {
    try write()
    return importFailure(folder.path, options)
  }

  func reason(_ options: ImportOptions = ImportOptions()) throws -> ImportError.Reason? {
    try failure(options)?.reason
  }
}

extension ImportOptions {
  /// The defaults with some of them changed.
  static func with(_ change: (inout ImportOptions) -> Void) -> ImportOptions {
    var options = ImportOptions()
    change(&options)
    return options
  }
}
