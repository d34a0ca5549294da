import Tensors

/// The mean row of a segment of tokens, for dictionaries trained on averages of whole turns.
///
/// ```
/// x̄ = (1/|T|) Σ_{t in T} x_t        T: the segment's tokens that are not excluded
/// ```
///
/// Source: turn-averaged SAEs (Der, Kamath, Thompson 2026, arXiv:2606.28548). Which tokens a turn's
/// mean leaves out (template and special tokens) is the caller's to say, row by row.
///
/// Sums are f64 and run in the order of the rows, and the mean is rounded to f32 once: cutting the rows
/// into chunks changes no bit. State is `width` numbers, whatever the segment's length.
///
/// Not Sendable: one thread at a time. Adding and ``assign(_:)`` allocate nothing.
public final class SegmentMean {
  /// Width of the rows.
  public let width: Int
  /// Rows that entered the mean.
  public private(set) var rowCount = 0
  /// Rows that were left out.
  public private(set) var excludedCount = 0
  private var sums: [Double]
  private let kernels: Kernels

  package init(width: Int, kernels: Kernels = .best) throws(DictionaryError) {
    guard width > 0 else { throw DictionaryError(.width(found: width, expected: 1)) }
    self.width = width
    self.kernels = kernels
    sums = Array(repeating: 0, count: width)
  }

  /// Adds `count` rows `[count, width]`, `stride` floats apart; not those that `excluding` marks.
  ///
  /// `excluding` is `[count]`; nil excludes none. What an excluded row holds is not looked at.
  ///
  /// - Throws: `width`, `field` for a negative count, `nonFiniteInput` with the row counted within this
  ///   call; the mean is then unchanged.
  package func add(
    _ rows: UnsafePointer<Float>, count: Int, stride: Int, excluding: UnsafePointer<Bool>? = nil
  ) throws(DictionaryError) {
    guard stride >= width else {
      throw DictionaryError(.width(found: stride, expected: width))
    }
    guard count >= 0 else {
      throw DictionaryError(
        .field(name: "row count", found: "\(count)", expected: "0 or more"))
    }
    for row in 0..<count where excluding?[row] != true {
      let bad = kernels.firstNonfinite(rows + row * stride, count: width)
      guard bad == width else { throw DictionaryError(.nonFiniteInput(row: row, column: bad)) }
    }
    sums.withUnsafeMutableBufferPointer { sums in
      for row in 0..<count {
        guard excluding?[row] != true else {
          excludedCount += 1
          continue
        }
        let x = rows + row * stride
        for index in 0..<width { sums[index] += Double(x[index]) }
        rowCount += 1
      }
    }
  }

  /// Writes the mean to `out`, `[width]`; false, and `out` untouched, where no row entered it.
  package func mean(into out: UnsafeMutablePointer<Float>) -> Bool {
    guard rowCount > 0 else { return false }
    let count = Double(rowCount)
    for index in 0..<width { out[index] = Float(sums[index] / count) }
    return true
  }

  /// A segment in the same state: for a beam, or a copied cache of keys and values.
  public func fork() -> SegmentMean {
    let copy = SegmentMean(copying: self)
    copy.assign(self)
    return copy
  }

  /// Takes over the state of another segment, which must have the same width.
  public func assign(_ other: SegmentMean) {
    precondition(other.width == width, "segments of different widths")
    rowCount = other.rowCount
    excludedCount = other.excludedCount
    for index in 0..<width { sums[index] = other.sums[index] }
  }

  /// Starts another segment.
  public func reset() {
    rowCount = 0
    excludedCount = 0
    for index in 0..<width { sums[index] = 0 }
  }

  /// A segment of the same width, with memory of its own.
  private init(copying other: SegmentMean) {
    width = other.width
    kernels = other.kernels
    sums = Array(repeating: 0, count: other.width)
  }
}

/// Encodes segments when they end: one row of codes per segment.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation.
package final class SegmentEncoder {
  package let dictionary: SparseDictionary
  private let encoder: FullEncoder
  private let row: FloatBuffer

  /// - Throws: `nonFiniteWeight` when the encoder holds a NaN or an infinity.
  package init(_ dictionary: SparseDictionary) throws(DictionaryError) {
    self.dictionary = dictionary
    encoder = try FullEncoder(dictionary)
    row = FloatBuffer(count: dictionary.modelWidth)
  }

  /// Appends the codes of the segment's mean to `codes`, and starts the segment anew.
  ///
  /// A segment that no row entered has no mean: its codes are undefined
  /// (``SparseCodes/undefinedRows``), not zero.
  ///
  /// - Throws: `width` and `shape` for a segment or codes of another dictionary; `nonFiniteResult`. Then
  ///   neither `codes` nor the segment changes.
  package func end(
    _ segment: SegmentMean, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    guard segment.width == dictionary.modelWidth else {
      throw DictionaryError(.width(found: segment.width, expected: dictionary.modelWidth))
    }
    guard codes.featureCount == dictionary.featureCount else {
      throw DictionaryError(
        .shape(
          tensor: "codes", found: [codes.featureCount], expected: [dictionary.featureCount]))
    }
    if segment.mean(into: row.base) {
      try encoder.encode(row.base, count: 1, stride: dictionary.modelWidth, into: &codes)
    } else {
      codes.undefinedRows.append(codes.rowCount)
      codes.endRow()
    }
    segment.reset()
  }
}
