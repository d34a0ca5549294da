import Tensors

import Steering

/// Rows in memory of their own, in any type, with other values between and after them.
final class RowMemory {
  let type: ElementType
  let count: Int
  let width: Int
  let stride: Int
  private let memory: UnsafeMutableRawPointer
  private static let filler: UInt8 = 0xA5

  init(_ rows: [[Float]], _ type: ElementType = .f32, gap: Int = 0) {
    self.type = type
    count = rows.count
    width = rows.first?.count ?? 0
    stride = width + gap
    memory = .allocate(byteCount: max(1, rows.count * stride * type.byteCount), alignment: 64)
    memory.initializeMemory(
      as: UInt8.self, repeating: Self.filler, count: max(1, rows.count * stride * type.byteCount))
    for (index, row) in rows.enumerated() {
      for (column, value) in row.enumerated() { store(value, (index * stride) + column) }
    }
  }

  deinit { memory.deallocate() }

  private func store(_ value: Float, _ index: Int) {
    switch type {
    case .f32: memory.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
    case .f16:
      memory.storeBytes(of: Float16(value).bitPattern, toByteOffset: index * 2, as: UInt16.self)
    default:
      let rounded = value.bitPattern + 0x7FFF + ((value.bitPattern >> 16) & 1)
      memory.storeBytes(
        of: value.isFinite ? UInt16(rounded >> 16) : UInt16(value.bitPattern >> 16),
        toByteOffset: index * 2, as: UInt16.self)
    }
  }

  var batch: RowBatch {
    RowBatch(base: memory, elementType: type, count: count, stride: stride)
  }

  var bytes: [UInt8] {
    Array(UnsafeRawBufferPointer(start: memory, count: count * stride * type.byteCount))
  }

  /// Row `index` in f32.
  func row(_ index: Int) -> [Float] {
    (0..<width).map { column in
      let place = index * stride + column
      switch type {
      case .f32: return memory.load(fromByteOffset: place * 4, as: Float.self)
      case .f16:
        return Float(
          Float16(bitPattern: memory.load(fromByteOffset: place * 2, as: UInt16.self)))
      default:
        return Float(
          bitPattern: UInt32(memory.load(fromByteOffset: place * 2, as: UInt16.self)) << 16)
      }
    }
  }

  /// Whether everything between the rows is as it was.
  var gapsAreIntact: Bool {
    let bytes = bytes
    let size = type.byteCount
    return (0..<count).allSatisfy { row in
      bytes[((row * stride + width) * size)..<((row + 1) * stride * size)]
        .allSatisfy { $0 == Self.filler }
    }
  }

  /// Applies to each row the plan of its session, and returns the outcomes.
  func apply(
    _ sessions: [Session?], positions: [Int]? = nil
  ) throws(RowBatch.Failure) -> [RowEdit.Outcome] {
    var outcomes: [RowEdit.Outcome] = []
    try batch.apply(
      session: { sessions[$0].map { Unmanaged.passUnretained($0) } },
      position: { positions?[$0] }, report: { outcomes.append($1) })
    return outcomes
  }

  /// Shows each row to the monitor of its stream; these rows live until that is done.
  func observe(
    _ monitors: [FeatureMonitor?], isSpecial: (Int) -> Bool? = { _ in nil }
  ) throws(RowBatch.Failure) {
    try batch.observe(
      monitor: { monitors[$0].map { Unmanaged.passUnretained($0) } }, isSpecial: isSpecial)
  }
}
