import Tensors

/// Why a file was refused, in a form that code can compare and one place can put into words.
///
/// `offset` counts bytes from the start of the input the throwing reader was given. `path` is added
/// by the layer that opened the file.
package struct FormatError: Error, Equatable, Sendable {
  package var reason: Reason
  package var offset: Int?
  package var path: String?

  package init(_ reason: Reason, offset: Int? = nil, path: String? = nil) {
    self.reason = reason
    self.offset = offset
    self.path = path
  }

  /// The same error, saying which file it is about; a path that is already there stays.
  package func at(path: String) -> FormatError {
    FormatError(reason, offset: offset, path: self.path ?? path)
  }

  /// The same error, its offset counted from `distance` bytes further up.
  package func shifted(by distance: Int) -> FormatError {
    FormatError(reason, offset: offset.map { $0 + distance }, path: path)
  }
}

extension FormatError {
  /// The fact and the expectation behind an error.
  package enum Reason: Equatable, Sendable {
    // Sizes
    /// `what` needs more bytes than the input has.
    case truncated(what: String, needed: Int, available: Int)
    /// A 64-bit length does not fit the platform's `Int`.
    case lengthOverflow(what: String, found: UInt64)
    /// A count exceeds one of this library's limits.
    case limitExceeded(what: String, found: Int, limit: Int)
    /// A safetensors header is longer than this library reads.
    case headerTooLarge(found: Int, limit: Int)
    /// Bytes are left over after the last array.
    case trailingBytes(count: Int)

    // Text
    case invalidUTF8(what: String)
    case invalidJSON(detail: String)
    /// An integer has more than 64 bits.
    case integerOutOfRange(text: String)
    /// A number with a fraction or exponent overflows to infinity.
    case numberOutOfRange(text: String)
    case duplicateKey(key: String)

    // Fields
    case missingField(field: String, tensor: String? = nil)
    case wrongType(field: String, found: String, expected: String, tensor: String? = nil)
    case outOfRange(field: String, found: String, expected: String, tensor: String? = nil)
    case unknownField(field: String, accepted: [String], tensor: String? = nil)

    // Tensors
    /// A safetensors header starts with another byte than `{`.
    case wrongHeaderStart(found: String)
    case unknownElementType(tensor: String, found: String, accepted: [String])
    case unacceptedElementType(
      tensor: String, found: ElementType, accepted: [ElementType], advice: String? = nil)
    case shapeOverflow(tensor: String, shape: [Int])
    case wrongShape(tensor: String, found: [Int], expected: String)
    case sizeMismatch(tensor: String, found: Int, expected: Int)
    /// A tensor ends before it begins.
    case reversedOffsets(tensor: String, begin: Int, end: Int)
    /// Bytes before this tensor belong to no tensor.
    case hole(tensor: String, begin: Int, expected: Int)
    /// This tensor begins inside the one before it.
    case overlap(tensor: String, begin: Int, expected: Int)
    case duplicateTensor(name: String, files: [String] = [])
    case tensorMissing(name: String, available: [String])
    /// More or fewer tensors fit than the one that is needed.
    case ambiguousTensor(candidates: [String], expected: String, advice: String)
    /// A shard holds a tensor that the index does not send there.
    case unmappedTensor(name: String, file: String)
    /// A writer was finished before every byte of a tensor was there.
    case incompleteTensor(tensor: String, written: Int, expected: Int)

    // npy
    case invalidNPYHeader(detail: String)
    case unknownNPYVersion(major: Int, minor: Int)

    // Archives, pickles, YAML
    case invalidZip(detail: String)
    /// The bytes of an archive's entry are not those that were stored.
    case checksumMismatch(entry: String, found: UInt32, expected: UInt32)
    case invalidPickle(detail: String)
    /// Reading a pickle would call something that is neither a tensor nor plain data.
    case refusedCall(name: String)
    case invalidYAML(detail: String)

    // Files
    case systemCall(call: String, errno: Int32)
    case notARegularFile(kind: String)
    /// Something has the name that a new file is to get.
    case alreadyExists
    /// Others than its owner may read or write a file that holds a secret; `mode` is its permissions.
    case notPrivate(path: String, mode: UInt32)
    /// A file that holds a secret belongs to user `found`, neither to `expected`, who reads it, nor to root.
    case foreignOwner(found: UInt32, expected: UInt32)
    case fileChanged(detail: String)
    case invalidFileName(name: String)
    /// The content is of no format that is read here.
    case unrecognised(expected: String, advice: String)
    /// A known feature that is deliberately not read or written.
    case unsupported(what: String, advice: String)
  }
}
