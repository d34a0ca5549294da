import Tensors

extension ActivationFile {
  /// Opens the activations at `path`, telling the format from the content.
  ///
  /// A file that starts with NumPy's magic is npy. A file called `*.safetensors`, or one whose header
  /// validates as such, is safetensors. Anything else is raw little-endian float32, and only when
  /// `shape` is given.
  /// - Parameters:
  ///   - tensorName: which tensor of a safetensors file; without it, the only float tensor of rank
  ///     2, or failing that the only one of rank 3.
  ///   - shape: `[rows, width]` of a raw file.
  /// - Throws: what the readers throw; `ambiguousTensor`, `tensorMissing`, `wrongShape`,
  ///   `unacceptedElementType`, `unrecognised`, `unsupported`; always with the path.
  package static func open(
    _ path: String, tensorName: String? = nil, shape: [Int]? = nil
  ) throws(FormatError) -> ActivationFile {
    do throws(FormatError) {
      let mapped = try MappedFile.open(path)
      let prefix = try mapped.copyBytes(0..<min(9, mapped.byteCount))
      if NPYHeader.hasMagic(prefix.span.bytes) {
        try refuse(shape: shape, kind: .npy)
        return try npy(mapped, tensorName: tensorName)
      }
      if path.hasSuffix(".safetensors") {
        try refuse(shape: shape, kind: .safetensors)
        return try safetensors(try SafetensorsFile.open(mapped), tensorName: tensorName)
      }
      if let file = try validSafetensors(mapped, prefix: prefix, hasShape: shape != nil) {
        try refuse(shape: shape, kind: .safetensors)
        return try safetensors(file, tensorName: tensorName)
      }
      guard let shape else {
        throw FormatError(
          .unrecognised(
            expected: "safetensors or npy",
            advice: "give --shape rows,width if it is raw little-endian float32"))
      }
      return try raw(mapped, shape: shape, tensorName: tensorName)
    } catch {
      throw error.at(path: path)
    }
  }

  private static func refuse(shape: [Int]?, kind: Kind) throws(FormatError) {
    guard shape == nil else {
      throw FormatError(
        .unsupported(
          what: "a given shape for a \(kind.rawValue) file",
          advice: "leave out --shape, the file has its own"))
    }
  }

  private static func refuse(tensorName: String?, kind: Kind) throws(FormatError) {
    guard tensorName == nil else {
      throw FormatError(
        .unsupported(
          what: "a tensor name for a \(kind.rawValue) file", advice: "leave out --tensor"))
    }
  }

  /// The file as safetensors, or nil when it is none.
  ///
  /// A file that starts like one and is damaged is reported as such, unless a shape says that it may
  /// be raw.
  private static func validSafetensors(
    _ mapped: MappedFile, prefix: [UInt8], hasShape: Bool
  ) throws(FormatError) -> SafetensorsFile? {
    guard prefix.count == 9, prefix[8] == UInt8(ascii: "{"),
      (try? SafetensorsHeader.byteCount(
        prefix: prefix.span.bytes, fileByteCount: mapped.byteCount)) != nil
    else { return nil }
    do throws(FormatError) {
      return try SafetensorsFile.open(mapped)
    } catch {
      if hasShape { return nil }
      throw error
    }
  }

  private static func npy(
    _ mapped: MappedFile, tensorName: String?
  ) throws(FormatError) -> ActivationFile {
    try refuse(tensorName: tensorName, kind: .npy)
    let file = try NPYFile.open(mapped)
    // Rows are read from the file, one after another: a transposed copy has none there.
    guard file.header.isRowMajor else {
      throw FormatError(
        .unsupported(
          what: "Fortran order of activations", advice: "save numpy.ascontiguousarray(x) instead"))
    }
    let matrix = try ActivationMatrix(file.tensor, name: NPYHeader.tensorName)
    return ActivationFile(kind: .npy, file: mapped, matrix: matrix)
  }

  private static func raw(
    _ mapped: MappedFile, shape: [Int], tensorName: String?
  ) throws(FormatError) -> ActivationFile {
    try refuse(tensorName: tensorName, kind: .raw)
    let name = "raw"
    guard shape.count == 2, shape[0] >= 0, shape[1] > 0 else {
      throw FormatError(.wrongShape(tensor: name, found: shape, expected: "[rows, width]"))
    }
    let expected = try SafetensorsHeader.byteCount(of: shape, .f32, tensor: name)
    // The width alone too: with 0 rows the product says nothing about it.
    _ = try SafetensorsHeader.byteCount(of: [shape[1]], .f32, tensor: name)
    guard mapped.byteCount == expected else {
      throw FormatError(
        .sizeMismatch(tensor: name, found: mapped.byteCount, expected: expected))
    }
    let tensor = Tensor(.f32, shape: shape, storage: mapped.storage)
    return ActivationFile(
      kind: .raw, file: mapped, matrix: try ActivationMatrix(tensor, name: name))
  }

  private static func safetensors(
    _ file: SafetensorsFile, tensorName: String?
  ) throws(FormatError) -> ActivationFile {
    let (name, tensor) = try choose(file, tensorName)
    return ActivationFile(
      kind: .safetensors, file: file.mapped, tensorName: name,
      matrix: try ActivationMatrix(tensor, name: name), collection: file)
  }

  private static func choose(
    _ file: SafetensorsFile, _ tensorName: String?
  ) throws(FormatError) -> (name: String, tensor: Tensor) {
    if let tensorName {
      guard let tensor = file[tensorName] else {
        throw FormatError(
          .tensorMissing(name: tensorName, available: file.tensors.map(\.name)))
      }
      return (tensorName, tensor)
    }
    let floats = file.tensors.filter { $0.tensor.elementType.isComputable }
    let matrices = floats.filter { $0.tensor.shape.count == 2 }
    let stacks = floats.filter { $0.tensor.shape.count == 3 }
    if matrices.count == 1 { return matrices[0] }
    if matrices.isEmpty, stacks.count == 1 { return stacks[0] }
    let candidates = matrices + stacks
    throw FormatError(
      .ambiguousTensor(
        candidates: candidates.map(\.name), expected: "one float tensor [rows, width]",
        advice: candidates.isEmpty ? "give another file" : "choose one with --tensor"))
  }
}
