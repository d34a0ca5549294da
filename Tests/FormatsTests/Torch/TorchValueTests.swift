import Formats
import Tensors
import Testing

@Suite struct TorchValueTests {
  private static let tensor = Tensor(
    .f32, shape: [2], storage: Storage(copying: [1, 2] as [Float]))

  // Computed, as kinds: LeakSanitizer does not see through the tagged pointers of a stored one.
  private static var root: TorchValue {
    .dictionary([
      (.string("ae.b"), .tensor(tensor)), (.integer(3), .tensor(tensor)),
      (.string("k"), .integer(5)),
      (.string("ae.a"), .tensor(tensor)), (.string("other"), .tensor(tensor)),
    ])
  }

  @Test func keysAreFoundByTheirText() throws {
    guard case .integer(5)? = Self.root["k"] else {
      Issue.record("k is not found")
      return
    }
    #expect(Self.root["3"] == nil)
    #expect(TorchValue.list([.string("k")])["k"] == nil)
  }

  @Test func tensorsKeepTheirOrderAndLoseThePrefix() throws {
    #expect(try Self.root.tensors(path: "p").names == ["ae.b", "ae.a", "other"])
    let some = try Self.root.tensors(path: "p", prefix: "ae.")
    #expect(some.names == ["b", "a"])
    #expect(some.paths == ["p"])
    #expect(some.path(of: "a") == "p")
  }

  @Test func onlyDictionariesHaveTensors() {
    let error = refusal { () throws(FormatError) in
      try TorchValue.list([.tensor(Self.tensor)]).tensors(path: "p")
    }
    #expect(error?.message == "p: field 'root' is a list, expected a dictionary of tensors")
  }

  static var kinds: [(TorchValue, String)] {
    [
      (.none, "None"), (.bool(true), "a boolean"), (.integer(1), "an integer"),
      (.float(1), "a float"), (.string("x"), "a string"), (.name("cpu"), "the name 'cpu'"),
      (.tensor(tensor), "a tensor"), (.list([]), "a list"), (.tuple([]), "a tuple"),
      (.dictionary([]), "a dictionary"),
    ]
  }

  @Test func everyKindHasAName() {
    for (value, name) in Self.kinds { #expect(value.kind == name) }
  }

  /// Contiguous views, also those that start inside a storage, borrow from the mapping.
  @Test func contiguousViewsAreNotCopied() throws {
    let mapped = try MappedFile.open("\(FormatVector.root)/torch/valid/views-protocol-2.pt")
    let tensors = try TorchFile.open(mapped).root.tensors(path: mapped.path)
    for name in ["plain", "scalar", "one-long"] {
      #expect(tensors[name]?.storage === mapped.storage, "\(name)")
    }
    for name in ["transposed", "expanded", "column", "permuted", "offset"] {
      #expect(tensors[name]?.storage !== mapped.storage, "\(name)")
    }
  }
}
