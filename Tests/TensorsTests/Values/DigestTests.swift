import Tensors
import Testing

@Suite struct DigestTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }

  /// Of the eight bytes 1, 0, …, 0, computed with Python's hashlib.
  @Test func integersAreLittleEndianWords() {
    var digest = Digest()
    digest.update(UInt64(1))
    #expect(
      hex(digest.finish())
        == "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8")
  }

  @Test func piecesDoNotRunTogether() {
    func digest(_ texts: [String]) -> [UInt8] {
      var digest = Digest()
      for text in texts { digest.update(text) }
      return digest.finish()
    }
    #expect(digest(["ab", "c"]) != digest(["a", "bc"]))
    #expect(digest(["abc"]) != digest(["abc", ""]))
    #expect(digest(["ab", "c"]) == digest(["ab", "c"]))
  }

  @Test func shapeAndTypeCount() {
    func digest(_ matrix: RowMatrix) -> [UInt8] {
      var digest = Digest()
      digest.update(matrix)
      return digest.finish()
    }
    let values: [Float] = [1, 2, 3, 4]
    let flat = digest(RowMatrix(rowCount: 1, width: 4, values: values))
    #expect(flat != digest(RowMatrix(rowCount: 2, width: 2, values: values)))
    #expect(flat != digest(RowMatrix(rowCount: 1, width: 4, values: [1, 2, 3, 5])))
    #expect(flat == digest(RowMatrix(rowCount: 1, width: 4, values: values)))
  }
}
