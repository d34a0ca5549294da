import Formats
import Tensors

/// What a shard says of its rows beside the rows themselves.
struct ShardColumns {
  /// The columns' values over a run of rows; those that the shard lacks are empty.
  struct Marks {
    var documents: [Int] = []
    var tokens: [Int] = []
    var segments: [Int32] = []
    var special: [Int] = []
    var positions: [Int] = []

    /// Whether a row is a special token's: as its mark says, else by position 0.
    func isSpecial(_ place: Int) -> Bool {
      if !special.isEmpty { return special[place] != 0 }
      return !positions.isEmpty && positions[place] == 0
    }
  }

  private let path: String
  /// Rows per document of a shard whose documents are all of one length; nil elsewhere.
  private let contextLength: Int?
  private let documents: ShardColumn?
  private let tokens: ShardColumn?
  private let segments: ShardColumn?
  private let special: ShardColumn?
  private let positions: ShardColumn?

  var hasDocuments: Bool { documents != nil || contextLength != nil }
  var hasTokens: Bool { tokens != nil }
  var hasSegments: Bool { segments != nil }

  /// - Parameter contextLength: Says which document and position a row is, instead of columns.
  /// - Throws: `malformedFile` for a column that is no vector of integers, one per row.
  init(
    _ path: String, rowCount: Int, contextLength: Int? = nil, _ find: (String) -> Tensor?
  ) throws(SteeringError) {
    self.path = path
    self.contextLength = contextLength
    do throws(FormatError) {
      documents = try ShardColumn("documents", rowCount: rowCount, find)
      tokens = try ShardColumn("tokens", rowCount: rowCount, find)
      segments = try ShardColumn("segments", rowCount: rowCount, find)
      special = try ShardColumn("special", rowCount: rowCount, find)
      positions = try ShardColumn("positions", rowCount: rowCount, find)
    } catch {
      throw SteeringError(error.at(path: path))
    }
  }

  /// The values of `rows`.
  func marks(_ rows: Range<Int>) throws(SteeringError) -> Marks {
    var marks = Marks()
    do throws(FormatError) {
      marks.documents = try documents?.values(rows, in: 0...Int.max) ?? []
      marks.tokens = try tokens?.values(rows) ?? []
      let ids = Int(Int32.min)...Int(Int32.max)
      marks.segments = try segments?.values(rows, in: ids).map(Int32.init) ?? []
      marks.special = try special?.values(rows) ?? []
      marks.positions = try positions?.values(rows, in: 0...Int.max) ?? []
    } catch {
      throw SteeringError(error.at(path: path))
    }
    if let contextLength {
      marks.documents = rows.map { $0 / contextLength }
      marks.positions = rows.map { $0 % contextLength }
    }
    return marks
  }
}
