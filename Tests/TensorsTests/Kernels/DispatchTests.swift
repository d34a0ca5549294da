import CKernels
import Tensors
import Testing

@Suite struct DispatchTests {
  @Test func availableIncludesScalarAndIsOrdered() {
    let names = Kernels.available.map(\.isa)
    #expect(names.first == .scalar)
    #expect(names == Kernels.ISA.allCases.filter { names.contains($0) })
    #expect(Kernels.best.isa == names.last)
  }

  @Test func availableAgreesWithTheTables() {
    let codes = [CK_ISA_SCALAR, CK_ISA_AVX2, CK_ISA_AVX512, CK_ISA_AVX512VNNI]
    #expect(codes.count == Kernels.ISA.allCases.count)
    for (isa, code) in zip(Kernels.ISA.allCases, codes) {
      #expect((Kernels(isa) == nil) == (ck_kernels_for(code) == nil))
      #expect(Kernels(isa).map(\.isa) == (ck_kernels_for(code) == nil ? nil : isa))
      #expect(ck_kernels_for(code).map { $0.pointee.isa } == (Kernels(isa) == nil ? nil : code))
    }
    #expect(ck_kernels_for(ck_isa_best()) != nil)
  }

  @Test func unknownInstructionSetHasNoTable() {
    #expect(ck_kernels_for(ck_isa(rawValue: 99)) == nil)
  }
}
