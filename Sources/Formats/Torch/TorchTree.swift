import Tensors

/// Turns what a pickle describes into values, and its views of storages into tensors.
struct TorchTree {
  private let archive: ZipArchive
  /// The folder that everything in the archive is in.
  private let folder: String
  private let objects: PickleObjects
  private let limits: PickleLimits
  private var contents: [String: ZipArchive.Content] = [:]
  private var tensors: [Int: Tensor] = [:]
  private var valueCount = 0
  private var copiedByteCount = 0
  /// Dictionaries whose keys are known to differ: one that is shared is visited often.
  private var checkedDictionaries: Set<Int> = []

  init(_ archive: ZipArchive, folder: String, _ objects: PickleObjects, limits: PickleLimits) {
    self.archive = archive
    self.folder = folder
    self.objects = objects
    self.limits = limits
  }

  /// The value of `item`. Recursive; the depth is bounded, which also ends a container inside itself.
  mutating func value(
    _ item: PickleItem, depth: Int = 0
  ) throws(FormatError) -> TorchValue {
    valueCount += 1
    guard valueCount <= limits.valueCount else {
      throw FormatError(
        .limitExceeded(what: "values of the pickle", found: valueCount, limit: limits.valueCount))
    }
    guard depth <= limits.depth else {
      throw FormatError(
        .limitExceeded(what: "depth of the pickle", found: depth, limit: limits.depth))
    }
    switch item {
    case .none: return .none
    case .bool(let flag): return .bool(flag)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .device(let text): return .name(text)
    case .name(.elementType(_, let name)): return .name(name)
    case .name, .storage:
      throw FormatError(
        .invalidPickle(detail: "\(item.kind) stands alone, expected tensors and plain values only"))
    case .tensor(let index): return .tensor(try tensor(index))
    case .tuple(let index): return .tuple(try values(objects.tuples[index], depth))
    case .list(let index): return .list(try values(objects.lists[index], depth))
    case .dictionary(let index): return try dictionary(index, depth)
    }
  }

  private mutating func values(
    _ items: [PickleItem], _ depth: Int
  ) throws(FormatError) -> [TorchValue] {
    var values: [TorchValue] = []
    for item in items { values.append(try value(item, depth: depth + 1)) }
    return values
  }

  private mutating func dictionary(
    _ index: Int, _ depth: Int
  ) throws(FormatError) -> TorchValue {
    let dictionary = objects.dictionaries[index]
    if checkedDictionaries.insert(index).inserted { try Self.checkKeys(dictionary) }
    var members: [(key: TorchValue, value: TorchValue)] = []
    for member in dictionary.members {
      let key: TorchValue
      switch member.key {
      case .string(let text): key = .string(text)
      case .integer(let number): key = .integer(number)
      default: throw FormatError(.invalidPickle(detail: "a key is \(member.key.kind)"))
      }
      members.append((key, try value(member.value, depth: depth + 1)))
    }
    return .dictionary(members)
  }

  private static func checkKeys(
    _ dictionary: PickleObjects.Dictionary
  ) throws(FormatError) {
    var texts: Set<String> = []
    var numbers: Set<Int64> = []
    for member in dictionary.members {
      switch member.key {
      case .string(let text):
        guard texts.insert(text).inserted else { throw FormatError(.duplicateKey(key: text)) }
      case .integer(let number):
        guard numbers.insert(number).inserted else {
          throw FormatError(.duplicateKey(key: String(number)))
        }
      default: break
      }
    }
  }

  // MARK: Tensors

  private mutating func tensor(_ index: Int) throws(FormatError) -> Tensor {
    if let tensor = tensors[index] { return tensor }
    let tensor = try makeTensor(objects.views[index])
    tensors[index] = tensor
    return tensor
  }

  private mutating func makeTensor(_ view: PickleObjects.View) throws(FormatError) -> Tensor {
    let description = objects.storages[view.storage]
    let name = "data/\(description.key)"
    let content = try content(description, name)
    let size = view.type.byteCount
    let available = content.range.count / size
    guard let count = Tensor.elementCount(of: view.shape),
      case let (byteCount, overflow) = count.multipliedReportingOverflow(by: size), !overflow
    else { throw FormatError(.shapeOverflow(tensor: name, shape: view.shape)) }
    guard count > 0 else {
      return Tensor(view.type, shape: view.shape, storage: content.storage, byteOffset: 0)
    }
    guard let last = Self.lastElement(view), last < available else {
      throw FormatError(
        .wrongShape(
          tensor: name, found: view.shape,
          expected: "offset \(view.offset) and strides \(MessageText.shape(view.strides)) to stay "
            + "inside a storage of \(available) elements"))
    }
    // Inside the storage, so neither product can overflow.
    let byteOffset = content.range.lowerBound + view.offset * size
    if StridedCopy.isRowMajor(view.shape, strides: view.strides) {
      return Tensor(view.type, shape: view.shape, storage: content.storage, byteOffset: byteOffset)
    }
    try pay(byteCount)
    return StridedCopy.copy(
      view.type, shape: view.shape, strides: view.strides, storage: content.storage,
      byteOffset: byteOffset)
  }

  /// The highest element that a view with elements reaches; nil when it does not fit an `Int`.
  private static func lastElement(_ view: PickleObjects.View) -> Int? {
    var last = view.offset
    for (length, stride) in zip(view.shape, view.strides) {
      let (distance, wraps) = (length - 1).multipliedReportingOverflow(by: stride)
      let (sum, carries) = last.addingReportingOverflow(distance)
      guard !wraps, !carries else { return nil }
      last = sum
    }
    return last
  }

  /// The bytes of a storage, whose count must be the pickle's.
  private mutating func content(
    _ description: PickleObjects.StorageDescription, _ name: String
  ) throws(FormatError) -> ZipArchive.Content {
    guard let entry = archive["\(folder)/\(name)"] else {
      throw FormatError(.missingField(field: name))
    }
    let (expected, overflow) = description.count.multipliedReportingOverflow(
      by: description.type?.byteCount ?? 1)
    guard !overflow, entry.byteCount == expected else {
      throw FormatError(
        .sizeMismatch(
          tensor: name, found: entry.byteCount, expected: overflow ? .max : expected),
        offset: entry.dataOffset)
    }
    if let content = contents[name] { return content }
    let content = try archive.content(entry)
    contents[name] = content
    return content
  }

  /// Counts the bytes of a copy: a view with strides of 0 is a large array in no space.
  private mutating func pay(_ byteCount: Int) throws(FormatError) {
    let (scaled, wraps) = archive.mapped.byteCount.multipliedReportingOverflow(
      by: limits.copiedPerByte)
    let (added, carries) = scaled.addingReportingOverflow(limits.copiedByteCount)
    let limit = wraps || carries ? Int.max : added
    let (sum, overflow) = copiedByteCount.addingReportingOverflow(byteCount)
    guard !overflow, sum <= limit else {
      throw FormatError(
        .limitExceeded(
          what: "bytes of strided tensors", found: overflow ? .max : sum, limit: limit))
    }
    copiedByteCount = sum
  }
}
