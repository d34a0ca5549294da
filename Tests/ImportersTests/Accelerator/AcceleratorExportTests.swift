import Formats
import Foundation
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// What is written beside the weights is the int8 form of the encoder that opening gives.
@Suite struct AcceleratorExportTests {
  private static let names = ["accelerator.safetensors", "dictionary.json", "weights.safetensors"]

  private func checkStored(_ dictionary: SparseDictionary) throws {
    let stored = try #require(dictionary.encoder.accelerator)
    guard case .dense(let rows) = try dictionary.encoder.featureMajor(.best) else {
      Issue.record("the encoder is dense")
      return
    }
    let made = try #require(QuantisedRows.make(rows, .best, workers: Workers()))
    for (found, expected) in [
      (stored.codes, made.codes), (stored.scales, made.scales),
      (stored.residuals, made.residuals), (stored.norms, made.norms),
    ] {
      #expect(found.shape == expected.shape)
      #expect(found.storedBytes == expected.storedBytes)
    }
    let used = try dictionary.encoder.quantised(.best, workers: Workers())
    #expect(used?.codes.storage === stored.codes.storage, "and it is what encoding uses")
  }

  @Test(arguments: ExportOptions.WeightType.allCases)
  func theCopyHasTheFormOfItsOwnWeights(_ type: ExportOptions.WeightType) throws {
    let written = try AcceleratedFolder(
      options: ExportOptions(type: type, allowsRounding: true, accelerates: true))
    #expect(try FileSystem.names(in: written.path).sorted() == Self.names)
    let copy = try written.open(whole: true)
    #expect(copy.files.last == written.acceleratorPath && copy.files.count == 3)
    try checkStored(copy)
    #expect(written.report.files.map(\.name).sorted() == Self.names)
    let file = try #require(written.report.accelerator?.file)
    #expect(written.report.files.last == file)
    #expect(try written.acceleratorBytes().count == file.byteCount)
    #expect(written.report.accelerator?.meanLoss == copy.encoder.accelerator?.meanLoss)
    // Arrays start where they can be used in place, codes at cache lines where the count allows it.
    for array in try SafetensorsFile.open(written.acceleratorPath).tensors {
      #expect(array.tensor.byteOffset % (array.name == "codes" ? 32 : 4) == 0, "\(array.name)")
    }
  }

  @Test func otherOrientationsAndTiedEncodersAreAccelerated() throws {
    let random = RandomDictionary(featureCount: 60, width: 33, seed: 2)
    try checkStored(try AcceleratedFolder(random.parts(.relu, layout: .modelMajor)).open())
    var tied = random.parts(.relu)
    let matrix = RowMatrix(rowCount: 60, width: 33, values: random.decoder)
    tied.decoder = .dense(matrix)
    tied.encoder = EncoderMatrix(matrix, layout: .featureMajor)
    let written = try AcceleratedFolder(tied)
    let copy = try written.open(whole: true)
    #expect(copy.isTied)
    try checkStored(copy)
    // The digest is the decoder's.
    let document = try JSONValue.read(path: written.path + "/dictionary.json")
    let digest = document["tensors"]?["decoder"]?["sha256"]?.asString
    let metadata = try SafetensorsFile.open(written.acceleratorPath).metadata
    #expect(metadata.first { $0.key == "encoder_sha256" }?.value == digest)
  }

  /// The same file, whether it is made with the copy or later; weights and document stay.
  @Test(arguments: ExportOptions.WeightType.allCases)
  func aFolderIsAcceleratedInPlace(_ type: ExportOptions.WeightType) throws {
    let written = try AcceleratedFolder(
      options: ExportOptions(type: type, allowsRounding: true, accelerates: true))
    let bytes = try written.acceleratorBytes()
    let others = try ["dictionary.json", "weights.safetensors"].map {
      try written.folder.bytes("copy/" + $0)
    }
    let open = try written.open()
    // One that is missing, damaged or of other weights.
    for damage in 0..<3 {
      switch damage {
      case 0: try written.folder.remove("copy/accelerator.safetensors")
      case 1: try written.folder.write([1, 2, 3], to: "copy/accelerator.safetensors")
      default: try written.edit("scales") { $0[0] ^= 1 }
      }
      var told: [Int] = []
      let encoder = try NativeEncoder(written.path) { done, total in
        told.append(done)
        #expect(done <= total)
      }
      let made = try DictionaryExport.accelerate(encoder) { done, _ in told.append(done) }
      #expect(told.count >= 2 && told.last == AcceleratedFolder.featureCount)
      #expect(made == written.report.accelerator)
      #expect(try written.acceleratorBytes() == bytes)
      #expect(try FileSystem.names(in: written.path).sorted() == Self.names)
    }
    let now = try ["dictionary.json", "weights.safetensors"].map {
      try written.folder.bytes("copy/" + $0)
    }
    #expect(now == others)
    try checkStored(open)
  }

  /// A copy has an accelerator when it is asked for, whatever its source had.
  @Test func copiesHaveOneWhenAsked() throws {
    let written = try AcceleratedFolder()
    let source = try written.open()
    let plain = try DictionaryExport.native(source, to: written.folder.file("plain"))
    #expect(plain.accelerator == nil && plain.files.count == 2)
    #expect(try FileSystem.names(in: written.folder.file("plain")).count == 2)
    _ = try DictionaryExport.native(
      source, to: written.folder.file("again"), options: ExportOptions(accelerates: true))
    for name in Self.names {
      #expect(
        try written.folder.bytes("copy/" + name) == written.folder.bytes("again/" + name))
    }
  }

  static let useless: [ActivationFunction] = [
    .gated(
      gateBias: Array(repeating: 0, count: 24), magnitudeBias: Array(repeating: 0, count: 24),
      scale: Array(repeating: 1, count: 24)),
    .groupMax(groups: 4), .blockTopK(blockSize: 4, blocks: 2),
  ]

  @Test(arguments: useless)
  func whatCannotUseOneHasNone(_ activation: ActivationFunction) throws {
    let folder = try TemporaryFolder()
    let random = RandomDictionary(featureCount: 24, width: 12, seed: 1)
    let dictionary = try SparseDictionary(random.parts(activation))
    let failure = exportFailure(
      dictionary, .native, folder.file("copy"), ExportOptions(accelerates: true))
    #expect(failure?.reason == .noAccelerator(of: activation.name))
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
    _ = try DictionaryExport.native(dictionary, to: folder.file("copy"))
    guard case .refused(let what, _, _)? = encoderFailure(folder.file("copy"))?.reason else {
      Issue.record("accelerated in place")
      return
    }
    #expect(what.contains(activation.name))
  }

  @Test func expandersAndOtherFormsHaveNone() throws {
    let folder = try TemporaryFolder()
    let matrix = try randomExpander(rowCount: 24, width: 12, degree: 3, seed: 1)
    let parts = SparseDictionary.Parts(
      name: "expander", encoder: EncoderMatrix(matrix), decoder: .expander(matrix),
      encoderBias: Array(repeating: 0, count: 24), decoderBias: Array(repeating: 0, count: 12),
      activation: .relu)
    let dictionary = try SparseDictionary(parts)
    let options = ExportOptions(accelerates: true)
    guard
      case .noAccelerator? = exportFailure(dictionary, .native, folder.file("a"), options)?.reason
    else {
      Issue.record("an expander has no codes")
      return
    }
    guard
      case .cannotHold(.saelens, _, _)? = exportFailure(
        dictionary, .saelens, folder.file("b"), options)?.reason
    else {
      Issue.record("only the native form has a file for it")
      return
    }
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
    _ = try DictionaryExport.native(dictionary, to: folder.file("native"))
    _ = try DictionaryExport.saelens(dictionary, to: folder.file("saelens"))
    for name in ["native", "saelens"] {
      guard case .refused? = encoderFailure(folder.file(name))?.reason else {
        Issue.record("\(name) was accelerated")
        return
      }
    }
  }

  @Test func weightsBeyondTheBoundsHaveNone() throws {
    let folder = try TemporaryFolder()
    var random = RandomDictionary(featureCount: 24, width: 12, seed: 1)
    random.encoder[17] = 3e10
    let dictionary = try SparseDictionary(random.parts(.relu))
    let failure = exportFailure(
      dictionary, .native, folder.file("copy"), ExportOptions(accelerates: true))
    guard case .rowTooLong(let feature, let norm, 1e10)? = failure?.reason else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(feature == 1 && abs(norm - 3e10) < 1e6)
    #expect(failure?.path == nil)
    #expect(try FileSystem.names(in: folder.path).isEmpty, "nothing is left")
    _ = try DictionaryExport.native(dictionary, to: folder.file("copy"))
    let encoder = try NativeEncoder(folder.file("copy"))
    do throws(ExportError) {
      _ = try DictionaryExport.accelerate(encoder)
      Issue.record("accelerated in place")
    } catch {
      #expect(
        error
          == ExportError(
            .rowTooLong(feature: feature, norm: norm, limit: 1e10),
            path: folder.file("copy/weights.safetensors")))
    }
    #expect(try FileSystem.names(in: folder.file("copy")).count == 2)
  }

  /// Nothing is hashed for a file that cannot be written.
  @Test func aFileThatCannotBeWrittenIsRefusedFirst() throws {
    let written = try AcceleratedFolder(options: ExportOptions())
    let path = written.folder.file("copy/" + NativeForm.acceleratorName)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    var steps = 0
    do throws(ImportError) {
      _ = try NativeEncoder(written.folder.file("copy")) { _, _ in steps += 1 }
      Issue.record("hashed")
    } catch {
      #expect(
        error.reason
          == .format(FormatError(.notARegularFile(kind: "directory"), path: path)))
    }
    #expect(steps == 0)
  }

  /// Weights that are not those of the document are not tied to its digest.
  @Test func otherWeightsAreNotAccelerated() throws {
    let written = try AcceleratedFolder(options: ExportOptions())
    let name = "copy/weights.safetensors"
    let file = try SafetensorsFile.open(written.folder.file(name))
    var bytes = try written.folder.bytes(name)
    bytes[try #require(file["encoder"]).byteOffset] ^= 1
    try written.folder.write(bytes, to: name)
    guard case .value(let key, _, _)? = encoderFailure(written.path)?.reason else {
      Issue.record("tied to another digest")
      return
    }
    #expect(key == "SHA-256 of tensor 'encoder'")
    #expect(try FileSystem.names(in: written.path).count == 2)
  }

  private func encoderFailure(_ path: String) -> ImportError? {
    do throws(ImportError) {
      _ = try NativeEncoder(path)
      return nil
    } catch {
      return error
    }
  }
}
