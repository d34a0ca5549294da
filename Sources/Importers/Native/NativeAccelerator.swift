import Formats
import SAE
import Tensors

/// `accelerator.safetensors`: the int8 form of an encoder, tied to the digest of the encoder.
struct NativeAccelerator {
  /// The names of its arrays, in the order in which they are written.
  static let arrays = ["codes", "scales", "residuals", "norms"]
  // Rows that are compared with the weights at opening, spread over the matrix.
  private static let sampleCount = 16

  /// What the file says about itself: format, version, and digests by the names of what they are of.
  static func metadata(
    encoderDigest: String, arrays digests: [String]
  ) -> [(key: String, value: String)] {
    [
      ("format", NativeForm.acceleratorMarker), ("version", "\(NativeForm.acceleratorVersion)"),
      ("encoder_sha256", encoderDigest),
    ] + zip(arrays, digests).map { ($0 + "_sha256", $1) }
  }

  /// The arrays with their shapes, for `rowCount` features of width `width`.
  static func entries(rowCount: Int, width: Int) -> [SafetensorsWriter.Entry] {
    arrays.map { name in
      name == "codes"
        ? .init(name, .i8, shape: [rowCount, QuantisedRows.paddedWidth(width)])
        : .init(name, .f32, shape: [rowCount])
    }
  }

  private let file: SafetensorsFile
  private let rows: RowMatrix
  private let kernels: Kernels

  /// Opens the file at `path` as the int8 form of `rows`, whose stored bytes have `digest`.
  ///
  /// Checks what can be told without reading the weights, and some rows; with `isWhole` every row and
  /// the digests.
  ///
  /// - Throws: `accelerator`, with the path.
  /// - Complexity: O(rowCount); with `isWhole` O(rowCount · width).
  static func open(
    _ path: String, of rows: RowMatrix, digest: String, isWhole: Bool, kernels: Kernels
  ) throws(ImportError) -> QuantisedRows {
    let accelerator = try NativeAccelerator(path: path, rows: rows, kernels: kernels)
    return try ImportError.located(at: path) { () throws(ImportError) in
      try accelerator.checkMetadata(digest)
      try accelerator.checkArrays()
      if isWhole { try accelerator.checkDigests() }
      let quantised = try accelerator.quantised()
      try accelerator.checkRows(quantised, isWhole: isWhole)
      return quantised
    }
  }

  private init(path: String, rows: RowMatrix, kernels: Kernels) throws(ImportError) {
    do throws(FormatError) {
      file = try SafetensorsFile.open(path)
    } catch {
      throw ImportError(.accelerator(.file(error)), path: path)
    }
    self.rows = rows
    self.kernels = kernels
  }

  private func flaw(_ field: String, _ found: String, expected: String) -> ImportError {
    ImportError(.accelerator(.field(field, found: found, expected: expected)))
  }

  private func value(_ key: String) -> String? { file.metadata.first { $0.key == key }?.value }

  private func checkMetadata(_ digest: String) throws(ImportError) {
    let expected = Self.metadata(encoderDigest: digest, arrays: Self.arrays.map { _ in "" })
    for (key, text) in expected {
      let isDigestOfArray = text.isEmpty
      guard let found = value(key) else {
        throw flaw(key, "missing", expected: isDigestOfArray ? "a SHA-256" : "'\(text)'")
      }
      guard isDigestOfArray || found == text else {
        throw flaw(
          key, "'\(found)'",
          expected: "'\(text)'"
            + (key == "encoder_sha256" ? ", as \(NativeForm.configName) has it" : ""))
      }
    }
    for (key, _) in file.metadata where !expected.contains(where: { $0.key == key }) {
      throw flaw("__metadata__", "with '\(key)'", expected: "no such key")
    }
  }

  private func checkArrays() throws(ImportError) {
    for entry in Self.entries(rowCount: rows.rowCount, width: rows.width) {
      let expected = "\(entry.elementType.rawValue) \(entry.shape)"
      guard let tensor = file[entry.name] else {
        throw flaw(entry.name, "missing", expected: expected)
      }
      guard tensor.elementType == entry.elementType, tensor.shape == entry.shape else {
        throw flaw(
          entry.name, "\(tensor.elementType.rawValue) \(tensor.shape)", expected: expected)
      }
    }
    for (name, _) in file.tensors where !Self.arrays.contains(name) {
      throw flaw(name, "there", expected: "no other than \(Self.arrays.joined(separator: ", "))")
    }
  }

  private func checkDigests() throws(ImportError) {
    for (name, tensor) in file.tensors {
      let found = Hexadecimal.text(tensor.sha256())
      let expected = value(name + "_sha256") ?? ""
      guard found == expected else { throw flaw("SHA-256 of \(name)", found, expected: expected) }
    }
  }

  private func quantised() throws(ImportError) -> QuantisedRows {
    func array(_ name: String) -> Tensor {
      guard let tensor = file[name] else { fatalError("the arrays were checked") }
      return tensor
    }
    do throws(QuantisedRows.Flaw) {
      return try QuantisedRows(
        width: rows.width, codes: array("codes"), scales: array("scales"),
        residuals: array("residuals"), norms: array("norms"))
    } catch {
      switch error {
      case .shape(let name, _, let expected):
        guard rows.width <= QuantisedRows.largestWidth else {
          throw flaw(
            name, "\(expected)", expected: "rows of at most \(QuantisedRows.largestWidth)")
        }
        throw flaw(name, "at an odd offset", expected: "its data at a multiple of 4 bytes")
      case .value(let name, let row):
        let found = array(name).floats(kernels)?[row] ?? .nan
        throw flaw(
          "\(name)[\(row)]", "\(found)", expected: "0 to \(QuantisedRows.largestNorm)")
      }
    }
  }

  /// Makes some rows anew, first and last among them, or all.
  private func checkRows(_ quantised: QuantisedRows, isWhole: Bool) throws(ImportError) {
    let count = rows.rowCount
    let steps = isWhole ? count : min(count, Self.sampleCount)
    for step in 0..<steps {
      let row = steps > 1 ? step * (count - 1) / (steps - 1) : 0
      guard quantised.matches(rows, row: row, kernels) else {
        throw flaw(
          "row \(row)", "made from other weights",
          expected: "the int8 form of row \(row) of the encoder in \(NativeForm.weightsName)")
      }
    }
  }
}

extension NativeWeights {
  /// The name of the array whose rows are the encoder's; nil where they are not stored densely.
  var encoderName: String? {
    switch (document.encoder, document.decoder) {
    case (.dense, _): "encoder"
    case (.tied, .dense): "decoder"
    default: nil
    }
  }

  /// SHA-256 of the bytes of array `name`, as the document has it.
  func digest(of name: String) -> String {
    document.digests.first { $0.name == name }?.digest ?? ""
  }

  /// `encoder` with its int8 form, which the file at `path` holds.
  ///
  /// - Throws: `accelerator`, with the path.
  func accelerated(
    _ encoder: EncoderMatrix, path: String, isWhole: Bool
  ) throws(ImportError) -> EncoderMatrix {
    guard let name = encoderName, case .dense(let rows) = encoder.stored else {
      throw ImportError(
        .accelerator(
          .field(
            NativeForm.acceleratorName, found: "beside an encoder with few numbers per feature",
            expected: "no such file there")), path: path)
    }
    let accelerator = try NativeAccelerator.open(
      path, of: rows, digest: digest(of: name), isWhole: isWhole, kernels: reader.kernels)
    return EncoderMatrix(rows, layout: .featureMajor, accelerator: accelerator)
  }
}
