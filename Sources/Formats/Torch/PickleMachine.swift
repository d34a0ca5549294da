import Tensors

/// Runs a pickle that ``PickleScan`` has accepted, on a stack of inert values.
///
/// There is nothing to call here: a global is a case of ``TorchName``, and "reducing" one makes a
/// dictionary, a view or a name. No step recurses.
struct PickleMachine {
  private let limits: PickleLimits
  private(set) var objects = PickleObjects()
  private var reader = PickleReader()
  private var stack: [PickleItem] = []
  /// Heights of the stack at the marks that are open.
  private var marks: [Int] = []
  private var memo: [Int: PickleItem] = [:]
  /// Axes of all tensors so far.
  private var axisCount = 0

  init(limits: PickleLimits) { self.limits = limits }

  /// The value that the pickle leaves behind; what it refers to is in ``objects``.
  ///
  /// - Throws: `invalidPickle`, `refusedCall`, `limitExceeded`, and what ``PickleReader`` throws.
  mutating func run(_ bytes: RawSpan) throws(FormatError) -> PickleItem {
    while true {
      let instruction = try reader.next(bytes)
      if case .stop = instruction {
        guard stack.count == 1, marks.isEmpty else {
          throw invalid("\(stack.count) values are left at its end, expected one")
        }
        return stack[0]
      }
      try step(instruction)
      try limit("values on the pickle's stack", stack.count, limits.stackCount)
      try limit("marks on the pickle's stack", marks.count, limits.stackCount)
      try limit("values in the pickle's memo", memo.count, limits.memoCount)
      try limit("objects of the pickle", objects.count, limits.objectCount)
    }
  }

  private mutating func step(_ instruction: PickleReader.Instruction) throws(FormatError) {
    switch instruction {
    case .stop, .nothing: break
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .bool(let flag): stack.append(.bool(flag))
    case .integer(let value): stack.append(.integer(value))
    case .float(let value): stack.append(.float(value))
    case .string(let text): stack.append(.string(text))
    case .global(let module, let name): stack.append(.name(try find(module, name)))
    case .stackGlobal:
      let (module, name) = try popTwo()
      guard case .string(let module) = module, case .string(let name) = name else {
        throw invalid("a global's name is \(name.kind), expected a string")
      }
      stack.append(.name(try find(module, name)))
    case .emptyDictionary: push(dictionary: false)
    case .emptyList:
      objects.lists.append([])
      stack.append(.list(objects.lists.count - 1))
    case .emptyTuple: push(tuple: [])
    case .tuple: push(tuple: try popMarked())
    case .shortTuple(let count):
      try need(count)
      let items = Array(stack.suffix(count))
      stack.removeLast(count)
      push(tuple: items)
    case .append:
      let item = try pop()
      try append([item])
    case .appends: try append(try popMarked())
    case .setItem:
      let (key, value) = try popTwo()
      try set([key, value])
    case .setItems: try set(try popMarked())
    case .put(let index): memo[index] = try top()
    case .memoise: memo[memo.count] = try top()
    case .get(let index):
      guard let item = memo[index] else { throw invalid("nothing is in the memo at \(index)") }
      stack.append(item)
    case .reduce: try reduce()
    case .build: try build()
    case .persistent: try persistent()
    }
  }

  // MARK: Stack

  private func need(_ count: Int) throws(FormatError) {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw invalid("the stack has too few values")
    }
  }

  private func top() throws(FormatError) -> PickleItem {
    try need(1)
    return stack[stack.count - 1]
  }

  private mutating func pop() throws(FormatError) -> PickleItem {
    try need(1)
    return stack.removeLast()
  }

  private mutating func popTwo() throws(FormatError) -> (PickleItem, PickleItem) {
    let second = try pop()
    return (try pop(), second)
  }

  private mutating func popMarked() throws(FormatError) -> [PickleItem] {
    guard let mark = marks.popLast() else { throw invalid("no mark is on the stack") }
    let items = Array(stack[mark...])
    stack.removeLast(items.count)
    return items
  }

  private mutating func push(tuple items: [PickleItem]) {
    objects.tuples.append(items)
    stack.append(.tuple(objects.tuples.count - 1))
  }

  private mutating func push(dictionary isOrdered: Bool) {
    objects.dictionaries.append(PickleObjects.Dictionary(isOrdered: isOrdered))
    stack.append(.dictionary(objects.dictionaries.count - 1))
  }

  // MARK: Containers

  private mutating func append(_ items: [PickleItem]) throws(FormatError) {
    guard case .list(let index) = try top() else {
      throw invalid("values are appended to \(try top().kind), expected a list")
    }
    objects.lists[index].append(contentsOf: items)
  }

  private mutating func set(_ items: [PickleItem]) throws(FormatError) {
    guard case .dictionary(let index) = try top() else {
      throw invalid("keys are set in \(try top().kind), expected a dictionary")
    }
    guard items.count.isMultiple(of: 2) else { throw invalid("a key lacks its value") }
    for place in stride(from: 0, to: items.count, by: 2) {
      switch items[place] {
      case .string, .integer: break
      default: throw invalid("a key is \(items[place].kind), expected a string or an integer")
      }
      objects.dictionaries[index].members.append((items[place], items[place + 1]))
    }
  }

  // MARK: Globals

  private func find(_ module: String, _ name: String) throws(FormatError) -> TorchName {
    do throws(FormatError) {
      return try TorchName.find(module, name)
    } catch {
      throw FormatError(error.reason, offset: reader.start)
    }
  }

  private mutating func reduce() throws(FormatError) {
    let (function, arguments) = try popTwo()
    guard case .name(let name) = function else {
      throw FormatError(.refusedCall(name: function.kind), offset: reader.start)
    }
    guard case .tuple(let index) = arguments else {
      throw invalid("arguments are \(arguments.kind), expected a tuple")
    }
    let items = objects.tuples[index]
    switch name {
    case .orderedDictionary:
      guard items.isEmpty else { throw invalid("an OrderedDict is made of values, expected none") }
      push(dictionary: true)
    case .tensor: try rebuild(items, type: nil)
    case .typedTensor:
      guard items.count == 7, case .name(.elementType(let type, _)) = items[6] else {
        throw invalid("a typed tensor needs 7 values, the last of them its element type")
      }
      try rebuild(Array(items.dropLast()), type: type)
    case .parameter:
      guard items.count == 3, case .tensor = items[0], isEmptyDictionary(items[2]) else {
        throw invalid("a parameter is not made of a tensor, a flag and no hooks")
      }
      stack.append(items[0])
    case .size:
      guard items.count == 1, case .tuple = items[0] else {
        throw invalid("torch.Size is not made of a tuple")
      }
      stack.append(items[0])
    case .device: try device(items)
    case .storage, .elementType:
      throw FormatError(.refusedCall(name: "a storage or element type"), offset: reader.start)
    }
  }

  private mutating func device(_ items: [PickleItem]) throws(FormatError) {
    guard case .string(let kind)? = items.first, items.count <= 2 else {
      throw invalid("torch.device is not made of a name and a number")
    }
    guard items.count == 2 else {
      stack.append(.device(kind))
      return
    }
    guard case .integer(let number) = items[1] else {
      throw invalid("torch.device is not made of a name and a number")
    }
    stack.append(.device("\(kind):\(number)"))
  }

  /// Attributes of an object: only those that torch gives a dictionary of weights, which say nothing
  /// that is needed here.
  private mutating func build() throws(FormatError) {
    let state = try pop()
    guard case .dictionary(let target) = try top(), objects.dictionaries[target].isOrdered,
      case .dictionary(let index) = state, objects.dictionaries[index].members.count == 1,
      case .string("_metadata") = objects.dictionaries[index].members[0].key
    else {
      throw FormatError(
        .refusedCall(name: "__setstate__ of \(try top().kind)"), offset: reader.start)
    }
  }

  private func isEmptyDictionary(_ item: PickleItem) -> Bool {
    guard case .dictionary(let index) = item else { return false }
    return objects.dictionaries[index].members.isEmpty
  }

  // MARK: Tensors

  /// A storage: `("storage", class, key, device, count)`.
  private mutating func persistent() throws(FormatError) {
    let identity = try pop()
    guard case .tuple(let index) = identity, objects.tuples[index].count == 5 else {
      throw invalid("a persistent id is \(identity.kind), expected a tuple of 5 values")
    }
    let items = objects.tuples[index]
    guard case .string("storage") = items[0], case .name(.storage(let type)) = items[1],
      case .string(let key) = items[2], case .string = items[3],
      case .integer(let count) = items[4], count >= 0
    else { throw invalid("a persistent id does not describe a storage") }
    objects.storages.append(
      PickleObjects.StorageDescription(type: type, key: key, count: Int(count)))
    stack.append(.storage(objects.storages.count - 1))
  }

  /// A view: `(storage, offset, shape, strides, requires_grad, hooks)`.
  private mutating func rebuild(
    _ items: [PickleItem], type given: ElementType?
  ) throws(FormatError) {
    guard items.count == 6, case .storage(let storage) = items[0],
      case .integer(let offset) = items[1], offset >= 0, case .bool = items[4],
      isEmptyDictionary(items[5])
    else {
      throw invalid(
        "a tensor is not made of a storage, an offset, a shape, strides, a flag and no hooks")
    }
    let shape = try lengths(items[2], "shape")
    let strides = try lengths(items[3], "strides")
    guard shape.count == strides.count else {
      throw invalid("a tensor has \(shape.count) axes and \(strides.count) strides")
    }
    guard let type = given ?? objects.storages[storage].type else {
      throw invalid("a tensor of untyped bytes lacks its element type")
    }
    axisCount += shape.count
    try limit("tensors of the pickle", objects.views.count + 1, limits.viewCount)
    try limit("axes of all tensors of the pickle", axisCount, limits.axisCount)
    objects.views.append(
      PickleObjects.View(
        storage: storage, type: type, offset: Int(offset), shape: shape, strides: strides))
    stack.append(.tensor(objects.views.count - 1))
  }

  private func lengths(_ item: PickleItem, _ what: String) throws(FormatError) -> [Int] {
    guard case .tuple(let index) = item else {
      throw invalid("a tensor's \(what) is \(item.kind), expected a tuple")
    }
    let items = objects.tuples[index]
    try limit("axes of a tensor", items.count, NPYHeader.axisLimit)
    var lengths: [Int] = []
    for item in items {
      guard case .integer(let length) = item else {
        throw invalid("a tensor's \(what) holds \(item.kind), expected an integer")
      }
      guard length >= 0 else {
        throw invalid("a tensor's \(what) holds \(length), expected lengths of at least 0")
      }
      lengths.append(Int(length))
    }
    return lengths
  }

  // MARK: Errors

  private func limit(_ what: String, _ found: Int, _ limit: Int) throws(FormatError) {
    guard found <= limit else {
      throw FormatError(
        .limitExceeded(what: what, found: found, limit: limit), offset: reader.start)
    }
  }

  private func invalid(_ detail: String) -> FormatError {
    FormatError(.invalidPickle(detail: detail), offset: reader.start)
  }
}
