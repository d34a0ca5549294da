import Formats
import Tensors
import Testing

@Suite struct NPYOrderTests {
  private let root = FormatVector.root

  /// Fortran order: the bytes are those of the transposed array.
  @Test func fortranOrderIsTransposedAndCOrderIsNot() throws {
    let c = try NPYFile.open("\(root)/npy/valid/c-order-f4.npy")
    #expect(c.tensor.storage === c.mapped.storage)
    let fortran = try NPYFile.open("\(root)/npy/valid/fortran-33x70.npy")
    #expect(fortran.header.isFortranOrder && !fortran.header.isRowMajor)
    #expect(fortran.tensor.storage !== fortran.mapped.storage)
    let free = try NPYFile.open("\(root)/npy/valid/fortran-1x4.npy")
    #expect(free.tensor.storage === free.mapped.storage)
  }
}
