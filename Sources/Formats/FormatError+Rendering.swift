import Glibc
import Tensors

extension FormatError: CustomStringConvertible {
  /// One line, lower case: where, the fact, the expectation, and advice where a step is obvious.
  package var message: String {
    var text = path.map { MessageText.path($0) + ": " } ?? ""
    text += reason.sentence
    if let offset { text += " (at byte \(offset))" }
    return text
  }

  package var description: String { message }
}

extension MessageText {
  /// A long path keeps its end, which is what tells files apart.
  static func path(_ path: String) -> String {
    path.unicodeScalars.count <= 100
      ? plain(path) : "..." + plain(String(path.unicodeScalars.suffix(97)))
  }
}

extension FormatError.Reason {
  fileprivate var sentence: String {
    switch self {
    case .truncated, .lengthOverflow, .limitExceeded, .headerTooLarge, .trailingBytes:
      sizeSentence
    case .invalidUTF8, .invalidJSON, .integerOutOfRange, .numberOutOfRange, .duplicateKey:
      textSentence
    case .missingField, .wrongType, .outOfRange, .unknownField:
      fieldSentence
    case .wrongHeaderStart, .unknownElementType, .unacceptedElementType, .shapeOverflow,
      .wrongShape, .sizeMismatch, .reversedOffsets, .hole, .overlap:
      tensorSentence
    case .duplicateTensor, .tensorMissing, .ambiguousTensor, .unmappedTensor, .incompleteTensor:
      collectionSentence
    case .invalidZip, .checksumMismatch, .invalidPickle, .refusedCall, .invalidYAML:
      containerSentence
    case .invalidNPYHeader, .unknownNPYVersion, .systemCall, .notARegularFile, .alreadyExists,
      .notPrivate, .foreignOwner, .fileChanged, .invalidFileName, .unrecognised, .unsupported:
      fileSentence
    }
  }

  private var sizeSentence: String {
    switch self {
    case .truncated(let what, let needed, let available):
      "\(what) is cut short: \(available) bytes, expected \(needed)"
    case .lengthOverflow(let what, let found):
      "length of \(what) is \(found), which no file can have"
    case .limitExceeded(let what, let found, let limit):
      "\(what): \(found), expected at most \(limit)"
    case .headerTooLarge(let found, let limit):
      "header is \(found) bytes long, expected at most \(limit); "
        + "is this a safetensors file?"
    case .trailingBytes(let count):
      "\(count) bytes follow the last array, expected the file to end there"
    default: ""
    }
  }

  private var textSentence: String {
    switch self {
    case .invalidUTF8(let what): "\(what) is not valid UTF-8"
    case .invalidJSON(let detail): "not valid JSON: \(MessageText.plain(detail))"
    case .integerOutOfRange(let text):
      "integer \(MessageText.plain(text)) is out of range, expected at most 64 bits"
    case .numberOutOfRange(let text):
      "number \(MessageText.plain(text)) is out of range, expected a finite double"
    case .duplicateKey(let key): "key \(MessageText.quoted(key)) appears twice, expected once"
    default: ""
    }
  }

  private var fieldSentence: String {
    switch self {
    case .missingField(let field, let tensor):
      "\(prefix(tensor))field \(MessageText.quoted(field)) is missing"
    case .wrongType(let field, let found, let expected, let tensor):
      "\(prefix(tensor))field \(MessageText.quoted(field)) is \(found), expected \(expected)"
    case .outOfRange(let field, let found, let expected, let tensor):
      "\(prefix(tensor))\(MessageText.quoted(field)) is \(MessageText.plain(found)), "
        + "expected \(expected)"
    case .unknownField(let field, let accepted, let tensor):
      "\(prefix(tensor))field \(MessageText.quoted(field)) is unknown, "
        + "expected one of \(MessageText.list(accepted))"
    default: ""
    }
  }

  private var tensorSentence: String {
    switch self {
    case .wrongHeaderStart(let found): "header starts with \(found), expected '{'"
    case .unknownElementType(let tensor, let found, let accepted):
      "tensor \(MessageText.quoted(tensor)) has unknown element type \(MessageText.quoted(found)), "
        + "expected one of \(accepted.joined(separator: ", "))"
    case .unacceptedElementType(let tensor, let found, let accepted, let advice):
      "tensor \(MessageText.quoted(tensor)) has element type \(found.rawValue), expected one of "
        + accepted.map(\.rawValue).joined(separator: ", ") + (advice.map { "; " + $0 } ?? "")
    case .shapeOverflow(let tensor, let shape):
      "tensor \(MessageText.quoted(tensor)) has shape \(MessageText.shape(shape)), "
        + "whose byte count overflows 64 bits"
    case .wrongShape(let tensor, let found, let expected):
      "tensor \(MessageText.quoted(tensor)) has shape \(MessageText.shape(found)), "
        + "expected \(expected)"
    case .sizeMismatch(let tensor, let found, let expected):
      "tensor \(MessageText.quoted(tensor)) has \(found) bytes, "
        + "expected \(expected) from its type and shape"
    case .reversedOffsets(let tensor, let begin, let end):
      "tensor \(MessageText.quoted(tensor)) ends at \(end), expected at least its begin \(begin)"
    case .hole(let tensor, let begin, let expected):
      "tensor \(MessageText.quoted(tensor)) begins at \(begin), expected \(expected): "
        + "no bytes may lie between tensors"
    case .overlap(let tensor, let begin, let expected):
      "tensor \(MessageText.quoted(tensor)) begins at \(begin), expected \(expected): "
        + "tensors may not overlap"
    default: ""
    }
  }

  private var collectionSentence: String {
    switch self {
    case .duplicateTensor(let name, let files):
      "tensor \(MessageText.quoted(name)) is defined twice"
        + (files.isEmpty ? "" : " (in \(MessageText.list(files)))") + ", expected once"
    case .tensorMissing(let name, let available):
      "tensor \(MessageText.quoted(name)) is missing, the file has "
        + (available.isEmpty ? "no tensors" : MessageText.list(available))
    case .ambiguousTensor(let candidates, let expected, let advice):
      (candidates.isEmpty
        ? "no tensor fits" : "\(candidates.count) tensors fit: \(MessageText.list(candidates))")
        + ", expected \(expected); \(advice)"
    case .unmappedTensor(let name, let file):
      "tensor \(MessageText.quoted(name)) is in \(MessageText.quoted(file)), "
        + "expected it in the index's weight_map for that file"
    case .incompleteTensor(let tensor, let written, let expected):
      "tensor \(MessageText.quoted(tensor)) has \(written) bytes written, expected \(expected)"
    default: ""
    }
  }

  private var containerSentence: String {
    switch self {
    case .invalidZip(let detail): "not a valid zip archive: \(MessageText.printable(detail))"
    case .checksumMismatch(let entry, let found, let expected):
      "entry \(MessageText.quoted(entry)) has CRC-32 \(hexadecimal(found)), "
        + "expected \(hexadecimal(expected)): its bytes are damaged"
    case .invalidPickle(let detail): "not a valid pickle: \(MessageText.printable(detail))"
    case .refusedCall(let name):
      "\(MessageText.quoted(name)) would be called, expected tensors and plain values only"
    case .invalidYAML(let detail): "not valid YAML: \(MessageText.printable(detail))"
    default: ""
    }
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  private var fileSentence: String {
    switch self {
    case .invalidNPYHeader(let detail): "not a valid npy header: \(MessageText.plain(detail))"
    case .unknownNPYVersion(let major, let minor):
      "npy version is \(major).\(minor), expected 1.0, 2.0 or 3.0"
    case .systemCall(let call, let errno):
      "\(call): \(String(cString: strerror(errno)).lowercased())"
    case .notARegularFile(let kind): "found a \(kind), expected a regular file"
    case .alreadyExists: "exists already, expected a path where nothing is"
    case .notPrivate(let path, let mode):
      "others than its owner may use it (mode \(PrivateFile.octal(mode))), expected mode 0600; run"
        + " chmod 600 \(PrivateFile.shellWord(path))"
    case .foreignOwner(let found, let expected):
      "belongs to user \(found), expected a file of user \(expected), who reads it"
        + (expected == 0 ? "" : ", or of root")
    case .fileChanged(let detail):
      "the file changed while it was being read: \(detail); run again when it is complete"
    case .invalidFileName(let name):
      "file name \(MessageText.quoted(name)) is invalid, expected a plain name"
    case .unrecognised(let expected, let advice):
      "unknown format, expected \(expected); \(advice)"
    case .unsupported(let what, let advice): "\(what) is not supported; \(advice)"
    default: ""
    }
  }

  private func prefix(_ tensor: String?) -> String {
    tensor.map { "tensor \(MessageText.quoted($0)): " } ?? ""
  }
}
