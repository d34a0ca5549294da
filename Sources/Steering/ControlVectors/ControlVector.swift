import Formats
import Tensors

/// One vector per block of a model, added to every row of that block's output: what llama.cpp takes as
/// `--control-vector`.
///
/// Files number layers and leave open what the numbers mean; here a direction belongs to a block, counted
/// from 0, and the file's ``LayerConvention`` is said when it is read or written.
public struct ControlVector: Sendable, Equatable {
  /// What `direction.N` in a file means.
  public enum LayerConvention: String, Sendable, CaseIterable {
    /// The output of block N, counted from 0: what repeng writes and llama.cpp applies.
    case repeng
    /// What was measured at the output of block N − 1. llama.cpp's own generator writes this; llama.cpp
    /// still applies it at block N, one block later.
    case cvectorGenerator = "cvector-generator"

    /// What is added to a block's number to get the file's.
    var shift: Int { self == .repeng ? 0 : 1 }
  }

  /// The direction of each block, all of the same width, finite.
  public private(set) var directions: [Int: [Float]]
  /// Which model it is for, as its maker wrote it: a hint that nothing checks.
  public var modelHint: String?
  /// The number of layers that the file declares; nil where it came from memory or says nothing.
  ///
  /// Writers count their directions or the model's layers: it is reported, not relied on.
  public private(set) var declaredLayerCount: Int?

  /// The blocks that have a direction, ascending.
  public var blocks: [Int] { directions.keys.sorted() }
  /// The length of each direction.
  public var width: Int { directions.first?.value.count ?? 0 }

  /// ‖v‖ of a block's direction; 0 where it has none.
  public func norm(ofBlock block: Int) -> Double { Self.norm(directions[block] ?? []) }

  /// Puts directions together.
  ///
  /// - Throws: `invalidArgument` for no direction or a block that is negative; `shapeMismatch` for widths
  ///   that differ; `nonFinite`.
  public init(_ directions: [Int: [Float]], modelHint: String? = nil) throws(SteeringError) {
    let blocks = directions.keys.sorted()
    guard let first = blocks.first, let width = directions[first]?.count, width > 0 else {
      throw SteeringError(
        .invalidArgument, "the control vector is empty, expected at least one direction")
    }
    for block in blocks {
      guard block >= 0 else {
        throw SteeringError(.invalidArgument, "block is \(block), expected 0 or more")
      }
      let values = directions[block] ?? []
      guard values.count == width else {
        throw SteeringError(
          .shapeMismatch,
          "the direction of block \(block) has width \(values.count), expected \(width) as block"
            + " \(first) has")
      }
      if let column = values.firstIndex(where: { !$0.isFinite }) {
        throw SteeringError(
          .nonFinite,
          "the direction of block \(block), component \(column), is NaN or infinite, expected a"
            + " finite number")
      }
    }
    self.directions = directions
    self.modelHint = modelHint
  }

  /// Reads a GGUF file.
  ///
  /// - Throws: `inputOutput`, `malformedFile` or `nonFinite`, naming file and tensor. One bad tensor
  ///   refuses the file.
  public init(
    contentsOf path: String, convention: LayerConvention = .repeng
  ) throws(SteeringError) {
    let file = try SteeringError.rendering { () throws(FormatError) in
      try ControlVectorFile.open(path)
    }
    var directions: [Int: [Float]] = [:]
    for direction in file.directions {
      guard let values = direction.tensor.floats(.best) else {
        fatalError("a direction that was opened is F32")
      }
      if let column = values.firstIndex(where: { !$0.isFinite }) {
        throw SteeringError(
          .nonFinite,
          "tensor '\(ControlVectorFile.name(of: direction.layer))', component \(column), is NaN or"
            + " infinite, expected a finite number"
        ).inFile(path)
      }
      directions[direction.layer - convention.shift] = values
    }
    do throws(SteeringError) {
      try self.init(directions, modelHint: file.modelHint)
    } catch {
      throw error.inFile(path)
    }
    declaredLayerCount = file.layerCount
  }

  /// Writes a GGUF file, which appears under its name complete or not at all; `/dev/stdout` is written
  /// directly.
  ///
  /// The same content gives the same bytes.
  /// - Returns: the size of the file in bytes.
  /// - Throws: `invalidArgument` for block 0 in repeng's convention, which no file can hold;
  ///   `inputOutput`.
  @discardableResult
  public func write(
    to path: String, convention: LayerConvention = .repeng
  ) throws(SteeringError) -> Int {
    let accepted = ControlVectorFile.layers
    var entries: [(layer: Int, values: [Float])] = []
    for block in blocks {
      let (layer, overflow) = block.addingReportingOverflow(convention.shift)
      guard layer != 0 else { throw Self.blockZero }
      guard !overflow, accepted.contains(layer) else {
        throw SteeringError(
          .invalidArgument,
          "block is \(block), expected at most \(accepted.upperBound - convention.shift)")
      }
      entries.append((layer, directions[block] ?? []))
    }
    let written = entries
    return try SteeringError.rendering { () throws(FormatError) in
      try ControlVectorFile.write(path, directions: written, modelHint: modelHint)
    }
  }

  /// The tensor that holds a block's direction.
  public static func tensorName(ofBlock block: Int, convention: LayerConvention) -> String {
    ControlVectorFile.name(of: block + convention.shift)
  }

  /// Why the output of block 0 cannot be written in repeng's convention.
  static let blockZero = SteeringError(
    .invalidArgument,
    "a control vector cannot hold the output of block 0, since llama.cpp has no direction 0;"
      + " expected block 1 or later, or another way to steer")
}
