import Tensors

/// A control vector as llama.cpp reads it: a GGUF file of tensors `direction.N`.
///
/// Layers are the numbers that the file has; what they mean is a convention that the file does not
/// name.
package struct ControlVectorFile: Sendable {
  /// One layer's vector.
  package struct Direction: Sendable {
    package let layer: Int
    /// F32 `[width]`.
    package let tensor: Tensor
  }

  package static let architecture = "controlvector"
  package static let layers = 1...65_535
  package static let widths = 1...(1 << 20)
  private static let hintKey = "controlvector.model_hint"
  private static let countKey = "controlvector.layer_count"

  package let path: String
  /// By layer, ascending.
  package let directions: [Direction]
  package let modelHint: String?
  /// What the file says about the number of its layers; writers mean different things by it.
  package let layerCount: Int?

  package static func name(of layer: Int) -> String { "direction.\(layer)" }

  /// Opens a file and checks it whole: one bad tensor refuses all, as in llama.cpp.
  ///
  /// - Throws: what ``GGUFFile`` throws; `missingField`, `wrongType` or `outOfRange` for a key or a
  ///   layer; `wrongType`, `wrongShape` for a direction; `tensorMissing` when there is none.
  package static func open(_ path: String) throws(FormatError) -> ControlVectorFile {
    let file = try GGUFFile.open(path)
    do throws(FormatError) {
      try checkArchitecture(file.header)
      let hint = try modelHint(file.header)
      let count = try layerCount(file.header)
      var directions: [Direction] = []
      for entry in file.header.tensors {
        let layer = try layer(of: entry)
        try check(entry, width: directions.first?.tensor.elementCount)
        directions.append(Direction(layer: layer, tensor: try file.tensor(entry)))
      }
      guard !directions.isEmpty else {
        throw FormatError(.tensorMissing(name: "direction.N", available: []))
      }
      directions.sort { $0.layer < $1.layer }
      return ControlVectorFile(
        path: path, directions: directions, modelHint: hint, layerCount: count)
    } catch {
      throw error.at(path: path)
    }
  }

  /// Writes a file: the keys that llama.cpp's and repeng's own writers give it, layers ascending.
  ///
  /// - Returns: the size of the file in bytes.
  @discardableResult
  package static func write(
    _ path: String, directions: [(layer: Int, values: [Float])], modelHint: String?
  ) throws(FormatError) -> Int {
    var keys: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string(architecture))
    ]
    if let modelHint { keys.append((hintKey, .string(modelHint))) }
    keys.append((countKey, .u32(UInt32(directions.count))))
    let tensors = directions.sorted { $0.layer < $1.layer }.map {
      GGUFWriter.Entry(name(of: $0.layer), shape: [$0.values.count], $0.values)
    }
    return try GGUFWriter.write(path, keys: keys, tensors: tensors)
  }

  private static func checkArchitecture(_ header: GGUFHeader) throws(FormatError) {
    let key = "general.architecture"
    guard let value = header[key] else { throw FormatError(.missingField(field: key)) }
    guard let name = value.asString else {
      throw FormatError(.wrongType(field: key, found: value.kind.name, expected: "STRING"))
    }
    guard name == architecture else {
      throw FormatError(
        .outOfRange(field: key, found: MessageText.quoted(name), expected: "'\(architecture)'"))
    }
  }

  private static func modelHint(_ header: GGUFHeader) throws(FormatError) -> String? {
    guard let value = header[hintKey] else { return nil }
    guard let text = value.asString else {
      throw FormatError(.wrongType(field: hintKey, found: value.kind.name, expected: "STRING"))
    }
    return text
  }

  /// Signed or unsigned: writers differ.
  private static func layerCount(_ header: GGUFHeader) throws(FormatError) -> Int? {
    switch header[countKey] {
    case nil: return nil
    case .u32(let count)?: return Int(count)
    case .i32(let count)?:
      guard count >= 0 else {
        throw FormatError(
          .outOfRange(field: countKey, found: String(count), expected: "0 or more"))
      }
      return Int(count)
    case let value?:
      throw FormatError(
        .wrongType(field: countKey, found: value.kind.name, expected: "U32 or I32"))
    }
  }

  private static func layer(of entry: GGUFHeader.Entry) throws(FormatError) -> Int {
    let prefix = "direction."
    let digits =
      entry.name.hasPrefix(prefix) ? entry.name.dropFirst(prefix.count).utf8 : "".utf8[...]
    guard !digits.isEmpty, digits.count <= 9,
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let layer = Int(Substring(digits)), name(of: layer) == entry.name
    else {
      throw FormatError(
        .outOfRange(
          field: "name", found: MessageText.quoted(entry.name),
          expected: "direction.N with a layer N, and no other tensor"), offset: entry.infoOffset)
    }
    guard layers.contains(layer) else {
      throw FormatError(
        .outOfRange(
          field: "layer", found: String(layer),
          expected: "1 to \(layers.upperBound)" + (layer == 0 ? ": layer 0 cannot be steered" : ""),
          tensor: entry.name),
        offset: entry.infoOffset)
    }
    return layer
  }

  private static func check(
    _ entry: GGUFHeader.Entry, width: Int?
  ) throws(FormatError) {
    guard entry.type == .f32 else {
      throw FormatError(
        .wrongType(field: "type", found: entry.type.name, expected: "F32", tensor: entry.name),
        offset: entry.infoOffset)
    }
    let accepted = width.map { $0...$0 } ?? widths
    guard entry.shape.count == 1, let found = entry.shape.first, accepted.contains(found) else {
      let expected =
        width.map { "[\($0)] as the other directions have" }
        ?? "[width] with a width of \(widths.lowerBound) to \(widths.upperBound)"
      throw FormatError(
        .wrongShape(tensor: entry.name, found: entry.shape, expected: expected),
        offset: entry.infoOffset)
    }
  }
}
