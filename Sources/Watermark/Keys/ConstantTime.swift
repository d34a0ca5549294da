/// Comparisons whose time does not depend on what is compared.
package enum ConstantTime {
  /// Whether both arrays hold the same bytes.
  ///
  /// Every byte is looked at whatever the others are; only different lengths are told apart early.
  package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in a.indices { difference |= a[index] ^ b[index] }
    return difference == 0
  }
}
