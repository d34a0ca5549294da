import Formats
import Importers
import SAE
import TestSupport
import Tensors

/// A folder as SAELens writes it, small enough to change one thing at a time.
struct SAELensFolder {
  static let width = 3
  static let featureCount = 5

  let folder: TemporaryFolder
  var cfg: [JSONValue.Member]
  var tensors: [TestTensor]
  /// Model-major `[width, featureCount]`, as the file has it.
  let encoder: [Float]
  let decoder: [Float]

  /// A folder of the current layout.
  init(_ architecture: String = "standard", isTranscoder: Bool = false) throws {
    self.init(architecture, isTranscoder, folder: try TemporaryFolder())
    cfg = [
      .init("architecture", .string(architecture)),
      .init("d_in", 3), .init("d_sae", 5), .init("dtype", "float32"), .init("device", "cpu"),
      .init("apply_b_dec_to_input", .bool(!isTranscoder)),
      .init("normalize_activations", "none"), .init("reshape_activations", "none"),
      .init(
        "metadata",
        [
          "sae_lens_version": "6.54.12", "model_name": "gpt2", "hook_name": "blocks.3.hook_in",
          "hf_hook_name": "h.3", "anything": ["goes": true],
        ]),
    ]
    if architecture == "topk" || architecture == "abstopk" { set("k", 2) }
    if isTranscoder { set("d_out", 4) }
  }

  /// A folder of the flat layout before 6.0, with the fewest keys.
  init(legacy architecture: String?) throws {
    self.init(architecture ?? "standard", false, folder: try TemporaryFolder())
    cfg = [.init("d_in", 3), .init("d_sae", 5)]
    if let architecture { set("architecture", .string(architecture)) }
  }

  private init(_ architecture: String, _ isTranscoder: Bool, folder: TemporaryFolder) {
    self.folder = folder
    cfg = []
    let n = Self.featureCount
    let width = Self.width
    let outputWidth = isTranscoder ? 4 : width
    var generator = SplitMix64(seed: 77)
    encoder = generator.normals(width * n)
    decoder = generator.normals(n * outputWidth)
    tensors = [
      TestTensor("W_enc", [width, n], encoder),
      TestTensor("W_dec", [n, outputWidth], decoder),
      TestTensor("b_dec", [outputWidth], generator.normals(outputWidth)),
    ]
    if architecture == "gated" {
      for name in ["b_gate", "b_mag", "r_mag"] {
        tensors.append(TestTensor(name, [n], generator.normals(n)))
      }
    } else {
      tensors.append(TestTensor("b_enc", [n], generator.normals(n)))
    }
    if architecture.hasPrefix("jumprelu") {
      tensors.append(TestTensor("threshold", [n], [0.1, 0.2, 0.3, 0.4, 0.5]))
    }
    if architecture.contains("skip") {
      tensors.append(TestTensor("W_skip", [outputWidth, width], generator.normals(12)))
    }
  }

  /// Sets, or with nil removes, a key of cfg.json.
  mutating func set(_ key: String, _ value: JSONValue?) {
    let position = cfg.firstIndex { $0.key == key }
    switch (position, value) {
    case (let position?, let value?): cfg[position].value = value
    case (let position?, nil): cfg.remove(at: position)
    case (nil, let value?): cfg.append(.init(key, value))
    case (nil, nil): break
    }
  }

  /// Replaces, or adds, the tensor of the same name.
  mutating func set(_ tensor: TestTensor) {
    remove(tensor.name)
    tensors.append(tensor)
  }

  mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

  /// Changes one value of an f32 tensor.
  mutating func poke(_ name: String, _ index: Int, _ value: Float) {
    guard let position = tensors.firstIndex(where: { $0.name == name }) else { return }
    for byte in 0..<4 {
      tensors[position].bytes[index * 4 + byte] = UInt8(
        truncatingIfNeeded: value.bitPattern >> (8 * byte))
    }
  }

  /// The f32 values of a tensor that is to be written.
  func values(_ name: String) -> [Float] {
    guard let tensor = tensors.first(where: { $0.name == name }) else { return [] }
    return (0..<(tensor.bytes.count / 4)).map { index in
      Float(
        bitPattern: (0..<4).reduce(0) {
          $0 | UInt32(tensor.bytes[index * 4 + $1]) << (8 * UInt32($1))
        })
    }
  }

  var configPath: String { folder.file("cfg.json") }
  var weightsPath: String { folder.file("sae_weights.safetensors") }

  func write() throws {
    try folder.write(JSONValue.object(cfg).serialised(), to: "cfg.json")
    try writeSafetensors(weightsPath, tensors)
  }

  /// Writes the folder and opens it.
  func open(_ options: ImportOptions = ImportOptions()) throws -> SparseDictionary {
    try write()
    return try DictionaryImporter.open(folder.path, options: options)
  }

  /// Writes the folder, opens it and returns the error; nil when there is none.
  func failure(_ options: ImportOptions = ImportOptions()) throws -> ImportError? {
    try write()
    return importFailure(folder.path, options)
  }
}

func importFailure(_ path: String, _ options: ImportOptions = ImportOptions()) -> ImportError? {
  do throws(ImportError) {
    _ = try DictionaryImporter.open(path, options: options)
    return nil
  } catch {
    return error
  }
}

extension SparseDictionary {
  /// What the ledger says about a subject.
  func entry(_ subject: String) -> LedgerEntry? { ledger.first { $0.subject == subject } }
}
