import SAE

/// What a publisher says about how a dictionary fits its rows, where something says so.
public struct ExpectedFit: Sendable, Equatable {
  /// Mean number of active features per row: one number, or the ends of a range.
  public var l0: ClosedRange<Double>?
  /// Where `l0` was said, for example `k 32` or `folder 'average_l0_71'`.
  public var l0Source: String?
  /// The fraction of variance unexplained.
  public var fvu: Double?

  /// Makes an expectation; nil where nothing was said.
  public init(l0: ClosedRange<Double>? = nil, l0Source: String? = nil, fvu: Double? = nil) {
    self.l0 = l0
    self.l0Source = l0Source
    self.fvu = fvu
  }

  /// What the dictionary itself says: k of the kinds that have one, else a folder's name on the way to
  /// its files.
  ///
  /// Names: `average_l0_71` (Gemma Scope), `L0_50`, and `l0_small`, `l0_medium`, `l0_big`, which Gemma
  /// Scope 2 gives as 10–20, 30–60 and 90–150. The folder nearest to the files counts.
  public init(_ dictionary: SparseDictionary) {
    self.init()
    if let k = dictionary.activation.k {
      // Fewer fire where fewer are positive, so k is the end of a range in principle.
      l0 = Double(k)...Double(k)
      l0Source = "k \(k)"
      return
    }
    let folders = (dictionary.files.first ?? dictionary.name)
      .split(separator: "/").map(String.init).reversed()
    for folder in folders {
      if let found = Self.l0(inName: folder) {
        l0 = found
        l0Source = "folder '\(folder)'"
        return
      }
    }
  }

  /// The sizes that Gemma Scope 2 names instead of counting.
  private static let sizes: [(name: String, l0: ClosedRange<Double>)] = [
    ("small", 10...20), ("medium", 30...60), ("big", 90...150),
  ]

  /// The L0 that a folder's name gives after `l0_`; nil for any other name.
  package static func l0(inName name: String) -> ClosedRange<Double>? {
    let words = name.lowercased().split(separator: "_", omittingEmptySubsequences: false)
    for (index, word) in words.enumerated() where word == "l0" || word.hasSuffix("-l0") {
      guard index + 1 < words.count else { return nil }
      let value = words[index + 1]
      if let size = sizes.first(where: { $0.name == value }) { return size.l0 }
      guard value.first?.isNumber == true, let number = Double(value), number.isFinite,
        number > 0
      else { return nil }
      return number...number
    }
    return nil
  }
}
