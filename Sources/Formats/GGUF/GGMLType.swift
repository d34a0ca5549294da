import Tensors

/// The type of a GGUF tensor's numbers: plain ones, and blocks of quantised ones.
///
/// Numbers and block sizes are those of ggml; numbers that ggml has retired are unknown.
package enum GGMLType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4x0 = 2
  case q4x1 = 3
  case q5x0 = 6
  case q5x1 = 7
  case q8x0 = 8
  case q8x1 = 9
  case q2k = 10
  case q3k = 11
  case q4k = 12
  case q5k = 13
  case q6k = 14
  case q8k = 15
  case iq2xxs = 16
  case iq2xs = 17
  case iq3xxs = 18
  case iq1s = 19
  case iq4nl = 20
  case iq3s = 21
  case iq2s = 22
  case iq4xs = 23
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case iq1m = 29
  case bf16 = 30
  case tq1x0 = 34
  case tq2x0 = 35
  case mxfp4 = 39
  case nvfp4 = 40
  case q1x0 = 41
  case q2x0 = 42

  /// The name that ggml's tools print.
  package var name: String { facts.name }
  /// Elements that are stored together; the first length of a shape is a multiple of it.
  package var blockLength: Int { facts.length }
  /// Bytes of one block.
  package var blockByteCount: Int { facts.bytes }

  /// The same type where one element is one plain number; nil for quantised blocks.
  package var elementType: ElementType? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .f64: .f64
    case .i8: .i8
    case .i16: .i16
    case .i32: .i32
    case .i64: .i64
    default: nil
    }
  }

  /// The types whose numbers can be read here.
  static let readable = allCases.filter { $0.elementType != nil }.map(\.name)

  private var facts: (name: String, length: Int, bytes: Int) {
    switch self {
    case .f32: ("F32", 1, 4)
    case .f16: ("F16", 1, 2)
    case .q4x0: ("Q4_0", 32, 18)
    case .q4x1: ("Q4_1", 32, 20)
    case .q5x0: ("Q5_0", 32, 22)
    case .q5x1: ("Q5_1", 32, 24)
    case .q8x0: ("Q8_0", 32, 34)
    case .q8x1: ("Q8_1", 32, 36)
    case .q2k: ("Q2_K", 256, 84)
    case .q3k: ("Q3_K", 256, 110)
    case .q4k: ("Q4_K", 256, 144)
    case .q5k: ("Q5_K", 256, 176)
    case .q6k: ("Q6_K", 256, 210)
    case .q8k: ("Q8_K", 256, 292)
    case .iq2xxs: ("IQ2_XXS", 256, 66)
    case .iq2xs: ("IQ2_XS", 256, 74)
    case .iq3xxs: ("IQ3_XXS", 256, 98)
    case .iq1s: ("IQ1_S", 256, 50)
    case .iq4nl: ("IQ4_NL", 32, 18)
    case .iq3s: ("IQ3_S", 256, 110)
    case .iq2s: ("IQ2_S", 256, 82)
    case .iq4xs: ("IQ4_XS", 256, 136)
    case .i8: ("I8", 1, 1)
    case .i16: ("I16", 1, 2)
    case .i32: ("I32", 1, 4)
    case .i64: ("I64", 1, 8)
    case .f64: ("F64", 1, 8)
    case .iq1m: ("IQ1_M", 256, 56)
    case .bf16: ("BF16", 1, 2)
    case .tq1x0: ("TQ1_0", 256, 54)
    case .tq2x0: ("TQ2_0", 256, 66)
    case .mxfp4: ("MXFP4", 32, 17)
    case .nvfp4: ("NVFP4", 64, 36)
    case .q1x0: ("Q1_0", 128, 18)
    case .q2x0: ("Q2_0", 64, 18)
    }
  }
}
