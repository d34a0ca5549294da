/// Looks through a whole pickle before anything is built from it.
///
/// Every instruction must be a known one, and every global one of ``TorchName``. Protocol 4 puts the
/// names of globals on the stack: they must be two strings that come directly before, literally or from
/// the memo, so that no name can be made up on the way.
enum PickleScan {
  /// - Throws: `refusedCall` for the first global that is not listed; what ``PickleReader`` throws;
  ///   `limitExceeded`, `invalidPickle`, `trailingBytes`.
  static func check(_ bytes: RawSpan, limits: PickleLimits) throws(FormatError) {
    var reader = PickleReader()
    var memo: [Int: String] = [:]
    var memoCount = 0
    var instructions = 0
    /// The last two values that were pushed, where they are strings.
    var last: (String?, String?) = (nil, nil)
    while true {
      let instruction = try reader.next(bytes)
      instructions += 1
      guard instructions <= limits.instructionCount else {
        throw FormatError(
          .limitExceeded(
            what: "instructions of the pickle", found: instructions,
            limit: limits.instructionCount), offset: reader.start)
      }
      switch instruction {
      case .stop:
        guard reader.offset == bytes.byteCount else {
          throw FormatError(
            .invalidPickle(detail: "bytes follow its end"), offset: reader.offset)
        }
        return
      case .string(let text): last = (last.1, text)
      case .get(let index): last = (last.1, memo[index])
      case .put(let index):
        memo[index] = last.1
      case .memoise:
        memo[memoCount] = last.1
      case .global(let module, let name):
        try check(module, name, reader.start)
        last = (nil, nil)
      case .stackGlobal:
        guard let module = last.0, let name = last.1 else {
          throw FormatError(
            .refusedCall(name: "a global whose name is computed"), offset: reader.start)
        }
        try check(module, name, reader.start)
        last = (nil, nil)
      case .nothing: break
      default: last = (nil, nil)
      }
      switch instruction {
      case .put, .memoise:
        memoCount += 1
        guard memo.count <= limits.memoCount else {
          throw FormatError(
            .limitExceeded(
              what: "values in the pickle's memo", found: memo.count, limit: limits.memoCount),
            offset: reader.start)
        }
      default: break
      }
    }
  }

  private static func check(
    _ module: String, _ name: String, _ offset: Int
  ) throws(FormatError) {
    do throws(FormatError) {
      _ = try TorchName.find(module, name)
    } catch {
      throw FormatError(error.reason, offset: offset)
    }
  }
}

/// What a pickle may cost.
struct PickleLimits {
  var byteCount = 16 << 20
  var instructionCount = 4_000_000
  /// Values that wait on the stack.
  var stackCount = 1 << 18
  var memoCount = 1 << 20
  /// Lists, tuples, dictionaries and tensors.
  var objectCount = 1 << 20
  /// Tensors, each of which has a shape and strides of its own however short its pickle is.
  var viewCount = 1 << 16
  /// Lengths and strides of all tensors together.
  var axisCount = 1 << 18
  /// Containers inside one another.
  var depth = 64
  /// Values of the finished tree, those that are used twice counted twice.
  var valueCount = 1_000_000
  /// Bytes of views that have to be copied: this many per byte of the file, and
  /// ``copiedByteCount`` more.
  var copiedPerByte = 8
  var copiedByteCount = 64 << 20
}
