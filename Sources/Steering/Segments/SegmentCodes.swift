import SAE

/// A run of neighbouring rows with one id: a turn, a document, a paragraph.
public struct Segment: Sendable, Equatable {
  /// The id that its rows share.
  public var id: Int
  /// Its rows, counted from 0.
  public var rows: Range<Int>
  /// Rows among them that the mean leaves out.
  public var excludedCount: Int

  /// Makes a segment.
  public init(id: Int, rows: Range<Int>, excludedCount: Int) {
    self.id = id
    self.rows = rows
    self.excludedCount = excludedCount
  }

  /// Rows that enter the mean; a segment where there are none has no mean and no codes.
  public var averagedCount: Int { rows.count - excludedCount }
}

/// The codes of segments: one row of codes for the mean row of each.
public struct SegmentCodes: Sendable {
  /// The segments, in the order of their rows.
  public internal(set) var segments: [Segment] = []
  /// One row per segment; undefined (``SAE/SparseCodes/undefinedRows``) for one without a mean.
  public internal(set) var codes: SparseCodes
  /// The mean rows, `[segments.count, modelWidth]` row-major; NaN for a segment without a mean.
  public internal(set) var means: [Float] = []

  init(featureCount: Int) { codes = SparseCodes(featureCount: featureCount) }

  /// The places in ``segments`` of those that no row entered.
  public var emptySegments: [Int] { segments.indices.filter { segments[$0].averagedCount == 0 } }
}
