/// Memory handed to a kernel: values at a chosen offset, with guard values around them.
///
/// Inputs use no margin, so that a sanitizer sees every read past the end. Outputs use a margin,
/// and the test asks `hasIntactGuards` afterwards.
final class Block<Element: BitwiseCopyable & Equatable> {
  let count: Int
  private let lead: Int
  private let margin: Int
  private let guardValue: Element
  private let base: UnsafeMutablePointer<Element>

  /// Copies `values` to `offset` + `margin` elements behind an aligned address.
  init(_ values: [Element], offset: Int = 0, margin: Int = 0, guardValue: Element) {
    count = values.count
    lead = offset + margin
    self.margin = margin
    self.guardValue = guardValue
    let total = lead + values.count + margin
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(total, 1) * MemoryLayout<Element>.stride, alignment: 64)
    base = bytes.bindMemory(to: Element.self, capacity: max(total, 1))
    base.initialize(repeating: guardValue, count: total)
    for (index, value) in values.enumerated() {
      base[lead + index] = value
    }
  }

  deinit {
    UnsafeMutableRawPointer(base).deallocate()
  }

  var start: UnsafeMutablePointer<Element> { base + lead }

  var values: [Element] { (0..<count).map { base[lead + $0] } }

  var hasIntactGuards: Bool {
    let before = 0..<lead
    let after = (lead + count)..<(lead + count + margin)
    return before.allSatisfy { base[$0] == guardValue }
      && after.allSatisfy { base[$0] == guardValue }
  }
}

extension Block where Element == Float {
  static func input(_ values: [Float], offset: Int = 0) -> Block {
    Block(values, offset: offset, guardValue: .nan)
  }

  static func output(_ values: [Float], offset: Int = 0) -> Block {
    Block(values, offset: offset, margin: 19, guardValue: -777)
  }
}

extension Block where Element: FixedWidthInteger {
  static func input(_ values: [Element], offset: Int = 0) -> Block {
    Block(values, offset: offset, guardValue: .max)
  }

  static func output(_ values: [Element], offset: Int = 0) -> Block {
    Block(values, offset: offset, margin: 37, guardValue: 0xABCD & .max)
  }
}
