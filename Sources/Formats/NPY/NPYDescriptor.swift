import Tensors

/// NumPy's names for element types.
enum NPYDescriptor {
  private static let types: [(descriptor: String, type: ElementType)] = [
    ("|b1", .bool), ("|u1", .u8), ("|i1", .i8), ("<u2", .u16), ("<i2", .i16), ("<f2", .f16),
    ("<u4", .u32), ("<i4", .i32), ("<f4", .f32), ("<u8", .u64), ("<i8", .i64), ("<f8", .f64),
  ]

  /// - Throws: `unsupported` for what NumPy has and this library does not read, else
  ///   `unknownElementType`.
  static func elementType(_ descriptor: String) throws(FormatError) -> ElementType {
    if let match = types.first(where: { $0.descriptor == descriptor }) { return match.type }
    if descriptor.hasPrefix(">") {
      throw FormatError(
        .unsupported(
          what: "big-endian element type '\(descriptor)'",
          advice: "save x.astype(x.dtype.newbyteorder('<'))"))
    }
    let kind = descriptor.drop { $0 == "<" || $0 == "|" }.first
    switch kind {
    case "O":
      throw FormatError(
        .unsupported(what: "an array of Python objects", advice: "save a numeric array"))
    case "V":
      throw FormatError(
        .unsupported(
          what: "raw element type '\(descriptor)'",
          advice: "save x.astype('float32'), or bfloat16 as safetensors"))
    case "c":
      throw FormatError(
        .unsupported(
          what: "complex element type '\(descriptor)'", advice: "save x.real or numpy.abs(x)"))
    case "S", "U", "M", "m":
      throw FormatError(
        .unsupported(
          what: "text or time element type '\(descriptor)'", advice: "save a numeric array"))
    default:
      throw FormatError(
        .unknownElementType(
          tensor: NPYHeader.tensorName, found: descriptor, accepted: types.map(\.descriptor)))
    }
  }

  /// NumPy's name for `type`, or nil when it has none.
  static func descriptor(_ type: ElementType) -> String? {
    types.first { $0.type == type }?.descriptor
  }
}
