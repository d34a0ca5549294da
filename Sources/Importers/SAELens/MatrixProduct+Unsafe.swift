import Glibc

/// Products of f64 matrices by OpenBLAS, which is loaded for as long as this value lives.
///
/// Only whitened dictionaries need it, once, while they are opened. Linked, it would cost every process
/// its loading time and a worker thread; loaded here and closed again, it leaves no thread behind. The
/// build on OpenMP stays loaded, as its threads cannot be ended.
package struct MatrixProduct: ~Copyable {
  /// What Debian's package `libopenblas0` installs; its integers have 32 bits.
  package static let library = "libopenblas.so.0"

  /// CBLAS' own numbers.
  private enum Constant {
    static let rowMajor: UInt32 = 101
    static let plain: UInt32 = 111
    static let transposed: UInt32 = 112
    /// Answers of openblas_get_parallel; the third is OpenMP.
    static let sequential: Int32 = 0
    static let ownThreads: Int32 = 1
  }

  private typealias DGEMM =
    @convention(c) (
      _ order: UInt32, _ transposeA: UInt32, _ transposeB: UInt32,
      _ m: Int32, _ n: Int32, _ k: Int32,
      _ alpha: Double, _ a: UnsafePointer<Double>?, _ strideA: Int32,
      _ b: UnsafePointer<Double>?, _ strideB: Int32,
      _ beta: Double, _ c: UnsafeMutablePointer<Double>?, _ strideC: Int32
    ) -> Void

  private let handle: UnsafeMutableRawPointer
  private let dgemm: DGEMM
  /// Whether closing ends its threads. Those of OpenMP belong to another library, which would be
  /// unmapped under their feet.
  package let canBeClosed: Bool

  /// Loads OpenBLAS.
  ///
  /// - Throws: `.library` when it, or its `cblas_dgemm`, is not there.
  package init(library: String = MatrixProduct.library) throws(ImportError) {
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
      throw Self.missing(library, detail: dlerror().map { String(cString: $0) } ?? "not found")
    }
    guard let symbol = dlsym(handle, "cblas_dgemm") else {
      dlclose(handle)
      throw Self.missing(library, detail: "no function cblas_dgemm in it")
    }
    self.handle = handle
    dgemm = unsafeBitCast(symbol, to: DGEMM.self)
    typealias Parallel = @convention(c) () -> Int32
    let parallel = dlsym(handle, "openblas_get_parallel").map {
      unsafeBitCast($0, to: Parallel.self)()
    }
    canBeClosed = parallel == Constant.sequential || parallel == Constant.ownThreads
  }

  deinit {
    if canBeClosed { dlclose(handle) }
  }

  private static func missing(_ library: String, detail: String) -> ImportError {
    ImportError(
      .library(
        name: library, detail: detail, purpose: "covariance whitening", package: "libopenblas0"))
  }

  /// `rows · m`, or `rows · mᵀ`, for `rows` `[count, width]` and `m` `[width, width]`, all row-major.
  package func callAsFunction(
    _ rows: [Double], count: Int, _ m: [Double], transposed: Bool, width: Int
  ) -> [Double] {
    precondition(rows.count == count * width && m.count == width * width, "sizes do not fit")
    guard count > 0, width > 0 else { return [] }
    var out = [Double](repeating: 0, count: count * width)
    let size = Int32(width)
    rows.withUnsafeBufferPointer { a in
      m.withUnsafeBufferPointer { b in
        out.withUnsafeMutableBufferPointer { c in
          dgemm(
            Constant.rowMajor, Constant.plain, transposed ? Constant.transposed : Constant.plain,
            Int32(count), size, size, 1, a.baseAddress, size, b.baseAddress, size, 0,
            c.baseAddress, size)
        }
      }
    }
    return out
  }
}
