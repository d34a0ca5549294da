import Formats
import Tensors

/// A cache of latents as delphi writes it: a folder with one file per range of latents.
///
/// `<start>_<end>.safetensors` holds `locations` [n, 3] = (context, position, latent - start), ascending, and
/// `activations` [n]; where tokens were saved, each also `tokens` [contexts, length]. Each context is a
/// document. Files are read side by side, so that no more is in memory than a block of rows.
final class DelphiBlocks: StoredCodes {
  let featureCount: Int
  let rowCount: Int
  /// Rows of a context.
  let contextLength: Int
  private let path: String
  private let tokens: Tensor?
  private var parts: [DelphiPart]
  private var row = 0

  private static let rowsPerBlock = 512
  private static let lengthLimit = 1 << 24
  /// Rows for each entry where no tokens say how many contexts there are: a few entries with large numbers
  /// would make documents without end. A cache of one latent that fires on every 4,096th row still passes.
  private static let rowsPerEntry = 4096

  /// - Throws: `malformedFile` naming file and tensor; `inputOutput`.
  init(_ path: String, featureCount expected: Int?) throws(SteeringError) {
    self.path = path
    do throws(FormatError) {
      parts = try Self.open(path)
      var next = 0
      for part in parts {
        guard part.latents.lowerBound == next else {
          throw FormatError(
            .outOfRange(
              field: "first latent", found: "\(part.latents.lowerBound)", expected: "\(next)"),
            path: part.path)
        }
        next = part.latents.upperBound + 1
      }
      guard next <= DetectorLimits.features else {
        throw FormatError(
          .outOfRange(
            field: "latents", found: "\(next)", expected: "at most \(DetectorLimits.features)"))
      }
      featureCount = next
      guard expected == nil || expected == next else {
        throw FormatError(
          .outOfRange(field: "latents", found: "\(next)", expected: "\(expected ?? next)"))
      }
      tokens = try Self.tokens(of: parts)
      if let tokens {
        contextLength = tokens.shape[1]
        rowCount = tokens.elementCount
      } else {
        contextLength = try Self.configuredLength(path)
        var contexts = 0
        for part in parts { contexts = max(contexts, try part.contextCount()) }
        let (rows, overflow) = contexts.multipliedReportingOverflow(by: contextLength)
        let entries = min(parts.reduce(0) { $0 + $1.entryCount }, 1 << 40)
        let limit = max(Self.lengthLimit, entries * Self.rowsPerEntry)
        guard !overflow, rows <= limit else {
          throw FormatError(
            .limitExceeded(
              what: "contexts without 'tokens'", found: contexts, limit: limit / contextLength))
        }
        rowCount = rows
      }
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  var hasNorms: Bool { false }

  func companion(_ name: String) -> Tensor? {
    guard name == "tokens", let tokens else { return nil }
    return Tensor(
      tokens.elementType, shape: [rowCount], storage: tokens.storage, byteOffset: tokens.byteOffset)
  }

  func checkUnchanged() throws(FormatError) {
    for part in parts { try part.checkUnchanged() }
  }

  func next() throws(SteeringError) -> TokenBlock? {
    do throws(FormatError) {
      guard row < rowCount else {
        for index in parts.indices { try parts[index].checkEnd() }
        return nil
      }
      let rows = row..<min(row + Self.rowsPerBlock, rowCount)
      var block = TokenBlock(
        first: row, offsets: [0], features: [], values: [],
        isUndefined: Array(repeating: false, count: rows.count), norms: nil)
      for row in rows {
        for index in parts.indices {
          try parts[index].append(
            context: row / contextLength, position: row % contextLength,
            length: contextLength, to: &block)
        }
        block.offsets.append(block.features.count)
      }
      row = rows.upperBound
      return block
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  func add(row: Int, to sums: inout [Double]) {
    preconditionFailure("codes have no residual rows")
  }

  private static func open(_ path: String) throws(FormatError) -> [DelphiPart] {
    var parts: [DelphiPart] = []
    for name in try FileSystem.names(in: path) where name.hasSuffix(".safetensors") {
      let file = FileSystem.join(path, name)
      do throws(FormatError) {
        parts.append(try DelphiPart(file, name: String(name.dropLast(".safetensors".count))))
      } catch {
        throw error.at(path: file)
      }
    }
    guard !parts.isEmpty else {
      throw FormatError(
        .unrecognised(
          expected: "files called <start>_<end>.safetensors",
          advice: "give the folder of one module of delphi's cache"))
    }
    return parts.sorted { $0.latents.lowerBound < $1.latents.lowerBound }
  }

  /// The tokens, which every file that has them repeats.
  private static func tokens(of parts: [DelphiPart]) throws(FormatError) -> Tensor? {
    guard let tokens = parts[0].tokens else {
      if let other = parts.first(where: { $0.tokens != nil }) {
        throw FormatError(.missingField(field: "tokens of \(other.path)"), path: parts[0].path)
      }
      return nil
    }
    for part in parts {
      guard let other = part.tokens, other.shape == tokens.shape,
        other.elementType == tokens.elementType, other.hasSameBytes(as: tokens)
      else {
        throw FormatError(
          .outOfRange(
            field: "tokens", found: "others", expected: "the same as in \(parts[0].path)"),
          path: part.path)
      }
    }
    return tokens
  }

  private static func configuredLength(_ path: String) throws(FormatError) -> Int {
    let file = FileSystem.join(path, "config.json")
    let field = "cache_ctx_len"
    do throws(FormatError) {
      let config = try JSONValue.read(path: file)
      guard let value = config[field] else { throw FormatError(.missingField(field: field)) }
      guard let length = value.asInt, (1...lengthLimit).contains(length) else {
        throw FormatError(
          .outOfRange(
            field: field, found: MessageText.plain(value.serialised()),
            expected: "1 to \(lengthLimit)"))
      }
      return length
    } catch {
      throw error.at(path: file)
    }
  }
}
