import Formats
import Tensors
import Testing

@Suite struct GGUFTensorsTests {
  @Test func aCollectionHoldsEveryTensor() throws {
    let path = "\(FormatVector.root)/gguf/repeng/vector.gguf"
    let file = try GGUFFile.open(path)
    let tensors = try file.tensors()
    #expect(tensors.names == file.header.tensors.map(\.name))
    #expect(!tensors.names.isEmpty)
    for entry in tensors.entries {
      #expect(entry.tensor.bytes == (try file.tensor(entry.name)).bytes)
      #expect(entry.path == path)
    }
  }
}
