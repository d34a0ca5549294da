/// What a key of a GGUF file holds.
package enum GGUFValue: Equatable, Sendable {
  case u8(UInt8)
  case i8(Int8)
  case u16(UInt16)
  case i16(Int16)
  case u32(UInt32)
  case i32(Int32)
  case f32(Float)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)
  case u64(UInt64)
  case i64(Int64)
  case f64(Double)

  /// The kinds of value, by the number that stands for each in a file.
  package enum Kind: UInt32, Sendable, CaseIterable {
    case u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64

    package var name: String {
      switch self {
      case .u8: "U8"
      case .i8: "I8"
      case .u16: "U16"
      case .i16: "I16"
      case .u32: "U32"
      case .i32: "I32"
      case .f32: "F32"
      case .bool: "BOOL"
      case .string: "STRING"
      case .array: "ARRAY"
      case .u64: "U64"
      case .i64: "I64"
      case .f64: "F64"
      }
    }

    /// Bytes of one value; nil where they vary.
    var byteCount: Int? {
      switch self {
      case .u8, .i8, .bool: 1
      case .u16, .i16: 2
      case .u32, .i32, .f32: 4
      case .u64, .i64, .f64: 8
      case .string, .array: nil
      }
    }
  }

  package var kind: Kind {
    switch self {
    case .u8: .u8
    case .i8: .i8
    case .u16: .u16
    case .i16: .i16
    case .u32: .u32
    case .i32: .i32
    case .f32: .f32
    case .bool: .bool
    case .string: .string
    case .array: .array
    case .u64: .u64
    case .i64: .i64
    case .f64: .f64
    }
  }

  package var asString: String? {
    if case .string(let text) = self { text } else { nil }
  }
}

/// An array of a GGUF file, checked, and kept as its bytes until somebody wants the elements.
///
/// A vocabulary of 262,144 words then costs its text, not an object per word.
package struct GGUFArray: Equatable, Sendable {
  package let elementKind: GGUFValue.Kind
  package let count: Int
  /// The elements as the file holds them.
  package let bytes: [UInt8]

  /// The elements.
  package var values: [GGUFValue] {
    var cursor = GGUFCursor(fileByteCount: bytes.count)
    do throws(FormatError) {
      var values: [GGUFValue] = []
      values.reserveCapacity(count)
      for _ in 0..<count {
        values.append(try cursor.value(elementKind, of: "array", depth: 1, bytes.span.bytes))
      }
      return values
    } catch {
      fatalError("an array's bytes were checked when it was read")
    }
  }
}
