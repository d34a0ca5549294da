import Detector
import Tensors

/// What a document is recognised by: SHA-256 over its token ids, else its text, else its codes.
///
/// Codes count before any masking, so that detectors with different rules agree on who a document is.
struct DocumentDigest {
  private var tokens = Digest()
  private var tokenCount = 0
  private var codes = Digest()

  init() {
    tokens.update("document tokens 1")
    codes.update("document codes 1")
  }

  mutating func update(token: Int) {
    tokens.update(token)
    tokenCount += 1
  }

  mutating func update(features: ArraySlice<Int32>, values: ArraySlice<Float>, isUndefined: Bool) {
    codes.update(isUndefined ? -1 : features.count)
    for (feature, value) in zip(features, values) {
      codes.update(Int(feature))
      codes.update(value)
    }
  }

  /// The identity, by what is known best.
  mutating func finish(pieces: [String]?) -> DocumentIdentity {
    if tokenCount > 0 { return Self.identity(tokens.finish()) }
    guard let pieces else { return Self.identity(codes.finish()) }
    var digest = Digest()
    digest.update("document pieces 1")
    for piece in pieces { digest.update(piece) }
    return Self.identity(digest.finish())
  }

  private static func identity(_ bytes: [UInt8]) -> DocumentIdentity {
    DocumentIdentity(bits: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }
}
