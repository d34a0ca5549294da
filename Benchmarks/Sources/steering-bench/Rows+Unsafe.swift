import CCeilings
import Foundation

/// Memory of plain values that stays where it is.
final class Block<Value> {
  let base: UnsafeMutablePointer<Value>
  let count: Int

  init(count: Int, of value: Value) {
    self.count = count
    base = .allocate(capacity: max(count, 1))
    base.initialize(repeating: value, count: count)
  }

  deinit { base.deallocate() }

  func copy(_ other: Block<Value>) {
    base.update(from: other.base, count: min(count, other.count))
  }
}

/// Input rows from a file of f32, taken by turns.
final class InputRows {
  let width: Int
  let count: Int
  let values: Block<Float>

  init(_ path: String, width: Int) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    count = data.count / (4 * width)
    guard count > 0, data.count == 4 * width * count else {
      throw BenchError("\(path) has \(data.count) bytes, expected rows of \(width) floats")
    }
    self.width = width
    values = Block(count: width * count, of: 0)
    _ = data.copyBytes(to: UnsafeMutableBufferPointer(start: values.base, count: values.count))
  }

  /// The `turn`-th stretch of `batch` rows; they wrap around the file.
  func batch(_ batch: Int, turn: Int) throws -> UnsafeMutablePointer<Float> {
    guard batch <= count else { throw BenchError("\(count) rows, expected at least \(batch)") }
    return values.base + turn % (count / batch) * batch * width
  }
}

extension InputRows {
  /// The `turn`-th stretch of `batch` rows, copied.
  func array(_ batch: Int, turn: Int) throws -> [Float] {
    Array(UnsafeBufferPointer(start: try self.batch(batch, turn: turn), count: batch * width))
  }
}
