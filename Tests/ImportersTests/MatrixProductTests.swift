import Foundation
import Importers
import Testing

/// OpenBLAS, loaded on demand.
@Suite struct MatrixProductTests {
  private static let rows: [Double] = [1, 2, 3, 4, 5, 6]
  private static let matrix: [Double] = [2, 1, 0, 0, 1, 3, 1, 0, 1]

  @Test func multiplies() throws {
    let product = try MatrixProduct()
    #expect(
      product(Self.rows, count: 2, Self.matrix, transposed: false, width: 3)
        == [5, 3, 9, 14, 9, 21])
    #expect(
      product(Self.rows, count: 2, Self.matrix, transposed: true, width: 3)
        == [4, 11, 4, 13, 23, 10])
    #expect(product([], count: 0, Self.matrix, transposed: false, width: 3) == [])
  }

  private func failure(_ library: String) -> ImportError.Reason? {
    do throws(ImportError) {
      _ = try MatrixProduct(library: library)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func aMissingLibraryIsNamed() throws {
    let absent = "libopenblas-of-another-world.so.0"
    guard case .library(absent, let detail, _, "libopenblas0") = failure(absent) else {
      Issue.record("\(String(describing: failure(absent)))")
      return
    }
    #expect(detail.contains("No such file"))
  }

  @Test func aLibraryWithoutTheFunctionIsNamed() throws {
    guard case .library("libm.so.6", let detail, _, _) = failure("libm.so.6") else {
      Issue.record("\(String(describing: failure("libm.so.6")))")
      return
    }
    #expect(detail == "no function cblas_dgemm in it")
  }

  /// In a process of its own: other tests may hold the library at the same time.
  @Test func nothingStaysLoaded() async {
    await #expect(processExitsWith: .success) {
      func isMapped() throws -> Bool {
        try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).contains("libopenblas")
      }
      try #require(try !isMapped())
      do {
        let product = try MatrixProduct()
        try #require(try isMapped())
        let size = 256
        let ones = [Double](repeating: 1, count: size * size)
        let out = product(ones, count: size, ones, transposed: false, width: size)
        try #require(out.allSatisfy { $0 == Double(size) })
      }
      try #require(try !isMapped())
    }
  }
}
