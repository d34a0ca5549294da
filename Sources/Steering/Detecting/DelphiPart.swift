import Formats
import Tensors

/// One file of a delphi cache, read from its start to its end.
struct DelphiPart {
  let path: String
  /// Latents of the file, both ends included.
  let latents: ClosedRange<Int>
  let tokens: Tensor?
  private let file: SafetensorsFile
  private let locations: Tensor
  private let activations: Tensor
  /// Entries that were taken, and those that are decoded.
  private var taken = 0
  private var first = 0
  private var places: [Int] = []
  private var values: [Float] = []
  private var last = (context: -1, position: -1, latent: -1)

  private static let entriesPerStep = 4096

  /// - Throws: `invalidFileName` for another name than `start_end`; `tensorMissing`, `wrongShape`,
  ///   `unacceptedElementType`.
  init(_ path: String, name: String) throws(FormatError) {
    self.path = path
    let ends = name.split(separator: "_", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let start = ends[0], let end = ends[1], start >= 0, start <= end,
      end < Int(Int32.max)
    else {
      throw FormatError(
        .outOfRange(
          field: "file name", found: MessageText.plain(name), expected: "<start>_<end>.safetensors")
      )
    }
    latents = start...end
    file = try SafetensorsFile.open(path)
    locations = try Self.tensor("locations", of: file, [.u16, .u32, .i32, .i64], columns: 3)
    activations = try Self.tensor("activations", of: file, [.f16, .bf16, .f32], columns: nil)
    guard activations.elementCount == locations.shape[0] else {
      throw FormatError(
        .wrongShape(
          tensor: "activations", found: activations.shape, expected: "[\(locations.shape[0])]"))
    }
    tokens =
      file["tokens"] == nil
      ? nil
      : try Self.tensor(
        "tokens", of: file, [.i64, .i32, .u32, .u16, .i16], columns: nil, rank: 2)
    if let tokens, tokens.shape[1] == 0 {
      throw FormatError(
        .wrongShape(tensor: "tokens", found: tokens.shape, expected: "[contexts, 1 or more]"))
    }
  }

  /// Active latents, one each.
  var entryCount: Int { locations.shape[0] }

  /// Contexts up to the last that has an entry.
  func contextCount() throws(FormatError) -> Int {
    guard locations.shape[0] > 0 else { return 0 }
    guard let context = locations.integer(locations.elementCount - 3), context < Int.max else {
      throw outOfRange(locations.shape[0] - 1, "a context beyond 63 bits", "a context")
    }
    return context + 1
  }

  func checkUnchanged() throws(FormatError) { try file.mapped.checkUnchanged() }

  /// Throws unless every entry was taken.
  mutating func checkEnd() throws(FormatError) {
    guard let entry = try peek() else { return }
    throw outOfRange(
      taken, "context \(entry.context)", "a context that the tokens have, in ascending order")
  }

  /// Appends the entries of one row to `block`.
  mutating func append(
    context: Int, position: Int, length: Int, to block: inout TokenBlock
  ) throws(FormatError) {
    while let entry = try peek(), entry.context == context, entry.position == position {
      block.features.append(Int32(truncatingIfNeeded: latents.lowerBound + entry.latent))
      block.values.append(entry.value)
      last = (entry.context, entry.position, entry.latent)
      taken += 1
    }
    if let entry = try peek(), entry.position >= length {
      throw outOfRange(taken, "position \(entry.position)", "0 to \(length - 1)")
    }
  }

  private typealias Entry = (context: Int, position: Int, latent: Int, value: Float)

  /// The next entry; nil after the last.
  private mutating func peek() throws(FormatError) -> Entry? {
    if taken - first == values.count {
      guard taken < locations.shape[0] else { return nil }
      first = taken
      let count = min(Self.entriesPerStep, locations.shape[0] - taken)
      let part = Tensor(
        locations.elementType, shape: [locations.elementCount], storage: locations.storage,
        byteOffset: locations.byteOffset)
      places = part.slice((3 * taken)..<(3 * (taken + count))).integers() ?? []
      values = activations.slice(taken..<(taken + count)).floats(.best) ?? []
    }
    let place = taken - first
    let entry = (
      context: places[3 * place], position: places[3 * place + 1], latent: places[3 * place + 2],
      value: values[place]
    )
    guard entry.context >= 0, entry.position >= 0, entry.latent >= 0,
      entry.latent <= latents.upperBound - latents.lowerBound
    else {
      throw outOfRange(
        taken, "[\(entry.context), \(entry.position), \(entry.latent)]",
        "latents 0 to \(latents.upperBound - latents.lowerBound)")
    }
    guard last < (entry.context, entry.position, entry.latent) else {
      throw outOfRange(
        taken, "[\(entry.context), \(entry.position), \(entry.latent)]",
        "ascending locations after [\(last.context), \(last.position), \(last.latent)]")
    }
    guard entry.value.isFinite else {
      throw FormatError(
        .outOfRange(
          field: "activations[\(taken)]", found: "\(entry.value)", expected: "a finite number"),
        path: path)
    }
    return entry
  }

  private func outOfRange(_ entry: Int, _ found: String, _ expected: String) -> FormatError {
    FormatError(
      .outOfRange(field: "locations[\(entry)]", found: found, expected: expected), path: path)
  }

  private static func tensor(
    _ name: String, of file: SafetensorsFile, _ types: [ElementType], columns: Int?,
    rank: Int? = nil
  ) throws(FormatError) -> Tensor {
    guard let tensor = file[name] else {
      throw FormatError(.tensorMissing(name: name, available: file.tensors.map(\.name)))
    }
    guard tensor.shape.count == rank ?? (columns == nil ? 1 : 2),
      columns == nil || tensor.shape[1] == columns
    else {
      throw FormatError(
        .wrongShape(
          tensor: name, found: tensor.shape,
          expected: columns.map { "[n, \($0)]" } ?? (rank == 2 ? "[contexts, length]" : "[n]")))
    }
    guard types.contains(tensor.elementType) else {
      throw FormatError(
        .unacceptedElementType(tensor: name, found: tensor.elementType, accepted: types))
    }
    return tensor
  }
}
