import Formats
import Tensors
import Testing

@Suite struct TensorFileTests {
  private let root = FormatVector.root

  @Test func contentDecidesNotTheName() throws {
    let scratch = try Scratch()
    let npz = try FormatVector.all("npz/valid")
    for vector in npz {
      let path = try scratch.write(try vector.bytes(), "weights.safetensors")
      #expect(try TensorFile.open(path).names.contains("W_enc"))
    }
    let text = #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    let path = try scratch.write(safetensors(text, data: 8), "weights.npz")
    #expect(try TensorFile.open(path).names == ["w"])
  }

  @Test func ggufGivesItsTensors() throws {
    let path = "\(root)/gguf/repeng/vector.gguf"
    let file = try GGUFFile.open(path)
    let tensors = try TensorFile.open(path)
    #expect(tensors.names == file.header.tensors.map(\.name))
    #expect(!tensors.names.isEmpty)
    for entry in tensors.entries {
      #expect(entry.tensor.bytes == (try file.tensor(entry.name)).bytes)
      #expect(entry.path == path)
    }
  }

  @Test func torchFilesAreSentAway() throws {
    let path = "\(root)/torch/valid/types.pt"
    #expect(
      refusal { () throws(FormatError) in try TensorFile.open(path) }
        == FormatError(
          .unsupported(
            what: "a torch file as a plain list of tensors", advice: "convert it to safetensors"),
          path: path))
  }

  @Test(arguments: ["", "PK", "hello", "\u{80}\u{2}}."])
  func othersAreUnrecognised(_ text: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(text, "x")
    #expect(
      refusal { () throws(FormatError) in try TensorFile.open(path) }?.reason
        == .unrecognised(
          expected: "safetensors, npz, npy or GGUF", advice: "convert it to safetensors"))
  }

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
