import Formats
import Foundation
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// An accelerator that is not that of the weights beside it is refused, by name.
@Suite struct AcceleratorImportTests {
  private static let digests = ["codes", "scales", "residuals", "norms"].map { $0 + "_sha256" }
  private static let keys = ["format", "version", "encoder_sha256"] + digests

  @Test func theWholeFolderOpens() throws {
    let written = try AcceleratedFolder()
    #expect(written.failure() == nil && written.failure(whole: true) == nil)
    #expect(try written.open().encoder.accelerator != nil)
    try written.folder.remove("copy/accelerator.safetensors")
    #expect(try written.open().encoder.accelerator == nil, "it may be left out")
  }

  @Test(arguments: keys)
  func everyKeyIsNeededAndChecked(_ key: String) throws {
    let missing = try AcceleratedFolder()
    try missing.edit { metadata, _ in metadata.removeAll { $0.key == key } }
    #expect(missing.flawedField() == key)
    let wrong = try AcceleratedFolder()
    try wrong.edit { metadata, _ in
      for place in metadata.indices where metadata[place].key == key {
        metadata[place].value = String(metadata[place].value.reversed()) + "2"
      }
    }
    if Self.digests.contains(key) {
      #expect(wrong.failure() == nil, "only a whole check reads all")
      #expect(wrong.flawedField(whole: true) == "SHA-256 of " + key.dropLast("_sha256".count))
    } else {
      #expect(wrong.flawedField() == key)
    }
  }

  @Test func anotherKeyIsRefused() throws {
    let written = try AcceleratedFolder()
    try written.edit { metadata, _ in metadata.append(("colour", "red")) }
    #expect(written.flawedField() == "__metadata__")
  }

  @Test(arguments: ["codes", "scales", "residuals", "norms"])
  func everyArrayIsNeededInItsShapeAndType(_ name: String) throws {
    for damage in 0..<4 {
      let written = try AcceleratedFolder()
      try written.edit { _, tensors in
        guard let place = tensors.firstIndex(where: { $0.name == name }) else { return }
        let shape = tensors[place].shape
        switch damage {
        case 0: tensors.remove(at: place)
        case 1: tensors[place].shape = [1] + shape
        case 2:
          tensors[place].shape[0] -= 1
          tensors[place].bytes.removeLast(tensors[place].bytes.count / shape[0])
        default: tensors[place].elementType = name == "codes" ? .u8 : .i32
        }
      }
      #expect(written.flawedField() == name, "damage \(damage)")
    }
  }

  @Test func codesOfAnotherWidthAreRefused() throws {
    let written = try AcceleratedFolder()
    // As many as the rows have, without the padding.
    try written.edit { _, tensors in
      for place in tensors.indices where tensors[place].name == "codes" {
        let count = AcceleratedFolder.featureCount * AcceleratedFolder.width
        tensors[place].shape = [AcceleratedFolder.featureCount, AcceleratedFolder.width]
        tensors[place].bytes.removeLast(tensors[place].bytes.count - count)
      }
    }
    #expect(written.flawedField() == "codes")
  }

  @Test func anotherArrayIsRefused() throws {
    let written = try AcceleratedFolder()
    try written.edit { _, tensors in tensors.append(TestTensor("offsets", [1], [0])) }
    #expect(written.flawedField() == "offsets")
  }

  @Test(arguments: [Float.nan, -1, .infinity, 2e10], ["scales", "residuals", "norms"])
  func numbersHaveARange(_ number: Float, _ name: String) throws {
    // Not among the rows that are compared.
    let row = 101
    let written = try AcceleratedFolder()
    try written.edit(name) { bytes in
      for byte in 0..<4 {
        bytes[4 * row + byte] = UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32(byte)))
      }
    }
    #expect(written.flawedField() == "\(name)[\(row)]")
  }

  /// Rows spread over the matrix, first and last among them, are made anew at opening.
  @Test func codesOfOtherRowsAreFound() throws {
    let written = try AcceleratedFolder()
    let width = 128
    // As if features had been sorted in another way.
    try written.edit("codes") { $0 = Array($0[width...]) + $0[..<width] }
    #expect(written.flawedField() == "row 0")
    let last = try AcceleratedFolder()
    try last.edit("codes") { $0[$0.count - width] ^= 1 }
    #expect(last.flawedField() == "row \(AcceleratedFolder.featureCount - 1)")
  }

  /// A whole check reads all rows and compares the digests of the arrays; −128 is a code like others.
  @Test func everyRowIsComparedOnDemand() throws {
    let written = try AcceleratedFolder()
    try written.edit("codes") { $0[101 * 128] = 0x80 }
    #expect(written.failure() == nil, "only a whole check reads all")
    #expect(written.flawedField(whole: true) == "SHA-256 of codes")
    // With the digest to fit.
    let bytes = try #require(SafetensorsFile.open(written.acceleratorPath)["codes"]).storedBytes
    var digest = Digest()
    digest.update(raw: bytes.span.bytes)
    let text = digest.finish().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    try written.edit { metadata, _ in
      for place in metadata.indices where metadata[place].key == "codes_sha256" {
        metadata[place].value = text
      }
    }
    #expect(written.flawedField(whole: true) == "row 101")
  }

  /// The weights were replaced, and the document with them.
  @Test func theAcceleratorOfOtherWeightsIsFound() throws {
    let written = try AcceleratedFolder()
    let random = RandomDictionary(
      featureCount: AcceleratedFolder.featureCount, width: AcceleratedFolder.width, seed: 7)
    let other = try AcceleratedFolder(random.parts(.topK(k: 4)))
    try written.folder.write(
      try other.acceleratorBytes(), to: "copy/accelerator.safetensors")
    #expect(written.flawedField() == "encoder_sha256")
    // Weights of the wrong document are found by their rows.
    let weights = try other.folder.bytes("copy/weights.safetensors")
    let third = try AcceleratedFolder()
    try third.folder.write(weights, to: "copy/weights.safetensors")
    #expect(third.flawedField() == "row 0")
  }

  @Test func damagedFilesAreNamed() throws {
    let whole = try AcceleratedFolder()
    let bytes = try whole.acceleratorBytes()
    let lengths = Array(0...9) + [100, 500, bytes.count / 2, bytes.count - 1]
    for length in lengths {
      try whole.folder.write(Array(bytes[..<length]), to: "copy/accelerator.safetensors")
      guard case .file? = whole.flaw() else {
        Issue.record("opened with \(length) bytes of \(bytes.count)")
        return
      }
    }
    try whole.folder.remove("copy/accelerator.safetensors")
    try FileManager.default.createDirectory(
      atPath: whole.acceleratorPath, withIntermediateDirectories: false)
    guard case .file? = whole.flaw() else {
      Issue.record("a folder was opened")
      return
    }
  }

  /// Data that another writer put at an odd place cannot be used in place.
  @Test func numbersAtOddPlacesAreRefused() throws {
    let written = try AcceleratedFolder()
    var bytes = try written.acceleratorBytes()
    let length = Int(bytes[0]) | Int(bytes[1]) << 8
    bytes.insert(UInt8(ascii: " "), at: 8 + length)
    bytes[0] = UInt8(truncatingIfNeeded: length + 1)
    bytes[1] = UInt8(truncatingIfNeeded: (length + 1) >> 8)
    try written.folder.write(bytes, to: "copy/accelerator.safetensors")
    #expect(written.flawedField() == "scales")
  }

  @Test func anExpanderHasNoAccelerator() throws {
    let accelerated = try AcceleratedFolder()
    let matrix = try randomExpander(rowCount: 24, width: 12, degree: 3, seed: 1)
    let parts = SparseDictionary.Parts(
      name: "expander", encoder: EncoderMatrix(matrix), decoder: .expander(matrix),
      encoderBias: Array(repeating: 0, count: 24), decoderBias: Array(repeating: 0, count: 12),
      activation: .relu)
    let written = try AcceleratedFolder(parts, options: ExportOptions())
    try written.folder.write(
      try accelerated.acceleratorBytes(), to: "copy/accelerator.safetensors")
    #expect(written.flawedField() == "accelerator.safetensors")
  }
}
