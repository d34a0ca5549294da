/// Strict UTF-8 validation: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Validation {
  /// Where the first invalid sequence starts, or nil when all of `bytes` is valid.
  static func firstInvalidOffset(_ bytes: RawSpan) -> Int? {
    bytes.withUnsafeBytes { raw -> Int? in
      let units = raw.bindMemory(to: UInt8.self)
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: units.span)
        return nil
      } catch {
        return error.byteOffsets.lowerBound
      }
    }
  }
}
