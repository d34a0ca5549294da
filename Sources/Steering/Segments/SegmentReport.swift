/// What encoding the means of a file's segments showed.
public struct SegmentReport: Sendable {
  /// The tensor of ids.
  public var key: String
  /// Rows of the file.
  public var rowCount: Int
  /// Rows of special tokens, which no mean takes in.
  public var specialCount: Int
  /// How well the means are explained, over segments with defined codes.
  public var fit: EncodeReport.Fit
  /// Names, types and shapes of the tensors that were written.
  public var tensors: [String]
  /// Where the result was written; nil when nothing was.
  public var outputPath: String?
}
