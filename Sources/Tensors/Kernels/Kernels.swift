internal import CKernels

/// The kernels of one instruction set: loops over caller-owned memory, picked at run time.
///
/// `CKernels/include/ckernels.h` is the contract of every operation: shapes, overlap, precision,
/// NaN. No operation allocates, locks or keeps a pointer, so a value may be used from any number
/// of threads at once.
///
/// Results may depend on the instruction set, never on alignment, strides, or how many rows are
/// computed together.
package struct Kernels: Sendable {
  /// An instruction set, each a superset of the ones before it.
  package enum ISA: String, CaseIterable, Sendable {
    /// Portable C. Its reductions accumulate in f64: the reference for the others.
    case scalar
    /// AVX2, FMA and F16C.
    case avx2
    /// AVX-512 F, BW, DQ and VL.
    case avx512
    /// The same with VNNI, which integer products use; all other results are those of ``avx512``.
    case avx512vnni

    var code: ck_isa {
      switch self {
      case .scalar: CK_ISA_SCALAR
      case .avx2: CK_ISA_AVX2
      case .avx512: CK_ISA_AVX512
      case .avx512vnni: CK_ISA_AVX512VNNI
      }
    }
  }

  /// The instruction set that all operations of this value use.
  package let isa: ISA

  /// Constant, and alive as long as the process: a value of this type is passed as two words.
  package nonisolated(unsafe) let entries: KernelEntries

  /// Makes the kernels of `isa`; nil when the build, the processor or the operating system lacks
  /// it.
  package init?(_ isa: ISA) {
    guard let table = ck_kernels_for(isa.code) else { return nil }
    self.isa = isa
    entries = table
  }

  /// The kernels of the widest instruction set that this machine supports.
  package static let best: Kernels = {
    guard let best = available.last else {
      fatalError("the scalar kernels are always available")
    }
    return best
  }()

  /// The kernels of every instruction set that this machine supports, narrowest first.
  package static var available: [Kernels] {
    ISA.allCases.compactMap { Kernels($0) }
  }

  /// Returns the constant c of the reduction contract for a dot product of `count` terms.
  ///
  /// |y - exact| <= c * 2^-23 * S + count * 2^-150, where S is the sum of the absolute values of
  /// the terms. Holds for `count` up to 130,000 and for S below the largest finite f32.
  package func dotErrorFactor(count: Int) -> Double {
    switch isa {
    case .scalar: 1
    case .avx2: Double((count + 31) / 32) / 2 + 3
    case .avx512, .avx512vnni: Double((count + 63) / 64) / 2 + 3.5
    }
  }

  /// Entries that `topK` needs in `keys` and `indices`: 2k + 256.
  package static func topKRoom(_ k: Int) -> Int { ck_topk_room(k) }
}
