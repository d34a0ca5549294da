import Steering

/// A run of the caller's memory that a call reads or writes.
struct Region {
  // No processor's user space is larger: a count beyond it is a mistake, not memory.
  private static let addressLimit: UInt = 1 << 56

  let name: StaticString
  let start: UInt
  let end: UInt

  /// `count` elements of `size` bytes at `pointer`, aligned to `alignment`; nil for no elements.
  ///
  /// Refuses a count that no memory can have.
  init?(
    _ pointer: UnsafeRawPointer?, count: Int, size: Int, alignment: Int, _ name: StaticString
  ) throws(Refusal) {
    guard count != 0 else { return nil }
    guard let pointer else { throw .null(name) }
    let start = UInt(bitPattern: pointer)
    guard start % UInt(alignment) == 0 else {
      throw Refusal(.invalidArgument, "\(name) is not aligned to \(alignment) bytes")
    }
    let (bytes, overflows) = count.multipliedReportingOverflow(by: size)
    let (end, wraps) = start.addingReportingOverflow(UInt(max(bytes, 0)))
    guard count > 0, !overflows, !wraps, end <= Self.addressLimit else {
      throw Refusal(
        .shapeMismatch, "\(name) would end beyond the address space, expected smaller counts")
    }
    self.name = name
    self.start = start
    self.end = end
  }

  /// Refuses two regions that share memory.
  @inline(__always)
  static func checkDisjoint(_ a: Region?, _ b: Region?) throws(Refusal) {
    guard let a, let b, a.start < b.end, b.start < a.end else { return }
    throw Refusal(
      .invalidArgument, "\(a.name) and \(b.name) overlap, expected separate memory")
  }

  /// Refuses any two of six regions that share memory.
  static func checkDisjoint(_ regions: InlineArray<6, Region?>) throws(Refusal) {
    for first in regions.indices {
      for second in (first + 1)..<regions.count {
        try checkDisjoint(regions[first], regions[second])
      }
    }
  }
}
