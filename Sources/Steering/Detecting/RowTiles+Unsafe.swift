import Formats
import SAE
import Synchronization
import Tensors

/// A block of a shard's residual rows, encoded in tiles that threads take as they are free.
///
/// Thread rule: one caller loads and collects; between them `Workers` may run it. A tile is touched by
/// the thread alone that took it, and an encoder by the part alone whose number it has.
final class RowTiles: ParallelWork {
  /// The first row.
  private(set) var first = 0
  /// Rows that were loaded.
  private(set) var count = 0
  private let file: ActivationFile
  private let encoders: [FullEncoder]
  private let measuresNorms: Bool
  private let rowsPerTile: Int
  private let values: FloatBuffer
  private let bytes: UnsafeMutableRawBufferPointer
  private let tiles: [Tile]
  /// The tile that is taken next.
  private let next = Atomic<Int>(0)
  private var failure: SteeringError?

  /// What a tile came to.
  private final class Tile {
    var codes: SparseCodes
    var norms: [Double] = []
    var failure: DictionaryError?

    init(featureCount: Int) { codes = SparseCodes(featureCount: featureCount) }
  }

  /// Room for `capacity` rows; `encoders` has one for each part of the work.
  init(
    _ file: ActivationFile, encoders: [FullEncoder], measuresNorms: Bool, capacity: Int,
    rowsPerTile: Int
  ) {
    self.file = file
    self.encoders = encoders
    self.measuresNorms = measuresNorms
    self.rowsPerTile = rowsPerTile
    values = FloatBuffer(count: capacity * file.width)
    bytes = .allocate(byteCount: max(1, capacity * file.rowByteCount), alignment: 64)
    tiles = (0..<((capacity + rowsPerTile - 1) / rowsPerTile)).map { _ in
      Tile(featureCount: encoders[0].dictionary.featureCount)
    }
  }

  deinit { bytes.deallocate() }

  /// Reads rows, of which none is encoded yet; ``collect()`` throws what stood in the way.
  func load(_ rows: Range<Int>) {
    first = rows.lowerBound
    count = 0
    failure = nil
    next.store(0, ordering: .relaxed)
    guard let base = bytes.baseAddress else { return }
    do throws(SteeringError) {
      try SteeringError.rendering { () throws(FormatError) in try file.read(rows, into: bytes) }
    } catch {
      failure = error
      return
    }
    file.elementType.widen(
      base, count: rows.count * file.width, into: values.base, encoders[0].dictionary.kernels)
    count = rows.count
  }

  /// Leaves the tiles that nobody took yet as they are.
  func cancel() { next.store(tiles.count, ordering: .relaxed) }

  func run(part: Int, of parts: Int) {
    while true {
      let tile = next.add(1, ordering: .relaxed).oldValue
      guard tile < tiles.count, tile * rowsPerTile < count else { return }
      encode(tile, encoders[part])
    }
  }

  private func encode(_ number: Int, _ encoder: FullEncoder) {
    let tile = tiles[number]
    let start = number * rowsPerTile
    let size = min(rowsPerTile, count - start)
    let rows = values.base + start * file.width
    tile.failure = nil
    tile.codes.removeAll()
    tile.norms.removeAll(keepingCapacity: true)
    do throws(DictionaryError) {
      try encoder.encode(rows, count: size, stride: file.width, into: &tile.codes)
    } catch {
      tile.failure = error.movedDown(by: first + start)
      return
    }
    guard measuresNorms else { return }
    for row in 0..<size { tile.norms.append(Self.norm(rows + row * file.width, file.width)) }
  }

  /// Rounded to f32, as files of codes hold it, so that both meet one rule.
  private static func norm(_ x: UnsafePointer<Float>, _ width: Int) -> Double {
    var sum = 0.0
    for column in 0..<width { sum += Double(x[column]) * Double(x[column]) }
    return Double(Float(min(sum.squareRoot(), Double(Float.greatestFiniteMagnitude))))
  }

  /// The rows' codes, in order, when every part has run.
  ///
  /// - Throws: What kept the rows from being read, or is wrong with the first bad tile.
  func collect() throws(SteeringError) -> TokenBlock {
    if let failure { throw failure }
    var block = TokenBlock(first: first, offsets: [0], features: [], values: [], isUndefined: [])
    block.norms = measuresNorms ? [] : nil
    for tile in tiles[..<((count + rowsPerTile - 1) / rowsPerTile)] {
      if let failure = tile.failure { throw SteeringError(failure).inFile(file.path) }
      let start = block.features.count
      for offset in tile.codes.rowOffsets.dropFirst() { block.offsets.append(start + offset) }
      block.features += tile.codes.indices
      block.values += tile.codes.values
      for row in 0..<tile.codes.rowCount {
        block.isUndefined.append(tile.codes.isUndefined(row: row))
      }
      block.norms? += tile.norms
    }
    return block
  }

  /// Adds row `row` of the file, which is among those loaded, to `sums`.
  func add(row: Int, to sums: inout [Double]) {
    let x = values.base + (row - first) * file.width
    for column in sums.indices { sums[column] += Double(x[column]) }
  }
}
