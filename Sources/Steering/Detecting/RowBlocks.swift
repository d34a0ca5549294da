import Formats
import SAE
import Tensors

/// Residual rows of a shard, encoded a megabyte or so at a time.
///
/// With several workers the others encode a block while the caller still works with the one before it,
/// and the caller helps when it comes for the next. Codes depend neither on that nor on a block's size.
final class RowBlocks: TokenBlocks {
  private let file: ActivationFile
  private let dictionary: SparseDictionary
  private let workers: Workers
  private let rowsPerBlock: Int
  /// The rows that ``next()`` gave last.
  private var current: RowTiles
  /// Those that it gives next; the same memory where nobody works ahead.
  private var ahead: RowTiles
  private var isUnderWay = false
  private var row = 0

  /// Rows of a tile that one thread encodes by itself: with fewer it would read the encoder too often.
  private static let rowsPerTile = 64

  /// - Throws: `shapeMismatch` for rows of another width; `nonFinite` for a bad weight.
  init(
    _ file: ActivationFile, _ dictionary: SparseDictionary, workers count: Int,
    measuresNorms: Bool
  ) throws(SteeringError) {
    guard file.width == dictionary.modelWidth else {
      throw SteeringError(
        .shapeMismatch,
        "\(file.path): \(file.description) has rows of width \(file.width), expected"
          + " \(dictionary.modelWidth), the dictionary's input width")
    }
    self.file = file
    self.dictionary = dictionary
    let rowsPerBlock = min(max(1, (4 << 20) / (4 * file.width)), max(file.rowCount, 1), 512)
    self.rowsPerBlock = rowsPerBlock
    // What threads share of a dictionary, they make together.
    let together = try dictionary.makeEncoder(EncodeOptions(workers: count))
    // Large dictionaries have short tiles, and there threads had better share each tile's encoder rows.
    let isApart = together.tileLimit >= Self.rowsPerTile
    workers = Workers(count: isApart ? count : 1)
    var encoders = [together]
    if isApart, count > 1 {
      encoders = []
      for _ in 0..<workers.count { encoders.append(try dictionary.makeEncoder(EncodeOptions())) }
    }
    func tiles() -> RowTiles {
      RowTiles(
        file, encoders: encoders, measuresNorms: measuresNorms, capacity: rowsPerBlock,
        rowsPerTile: isApart ? Self.rowsPerTile : rowsPerBlock)
    }
    current = tiles()
    ahead = workers.count > 1 ? tiles() : current
  }

  deinit {
    guard isUnderWay else { return }
    ahead.cancel()
    workers.finish(ahead)
  }

  var featureCount: Int { dictionary.featureCount }

  func next() throws(SteeringError) -> TokenBlock? {
    guard row < file.rowCount else { return nil }
    if !isUnderWay { begin() }
    workers.finish(ahead)
    isUnderWay = false
    swap(&current, &ahead)
    let block = try current.collect()
    row += block.count
    if workers.count > 1, row < file.rowCount { begin() }
    return block
  }

  func add(row: Int, to sums: inout [Double]) { current.add(row: row, to: &sums) }

  private func begin() {
    ahead.load(row..<min(row + rowsPerBlock, file.rowCount))
    workers.begin(ahead)
    isUnderWay = true
  }
}
