import Formats
import SAE
import Tensors

/// Applies a plan to every row of a file and writes the same file with only those rows changed.
///
/// The output is the input byte for byte (header, other tensors, padding) except for the elements of
/// edited rows. Rows stream through a few megabytes of memory, plus some twenty bytes per row for the
/// report; the output appears under its name only when it is complete.
public enum ActivationSteering {
  /// Runs `plan` over `activations` and writes `output`.
  ///
  /// Positions come from the file where it has them, else they are row indices.
  ///
  /// - Parameter progress: Called now and then with rows done and rows in all.
  public static func run(
    _ plan: Plan, on activations: Activations, to output: String, promptLength: Int? = nil,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> ApplyReport {
    let file = activations.file
    // The output is the input with other rows: there must be rows, and no sum over them, as zip has one.
    guard file.isInFile, file.kind != .npz else {
      let isArchive = file.kind == .npz
      throw SteeringError(
        FormatError(
          .unsupported(
            what: isArchive ? "editing rows of an npz archive" : "editing rows in Fortran order",
            advice: "save the matrix with numpy.save(path, numpy.ascontiguousarray(x))"),
          path: file.path))
    }
    let dictionary = plan.dictionary
    try activations.checkWidth(dictionary.outputWidth, of: "dictionary's output width")
    if let field = plan.document.phaseField, promptLength == nil {
      throw SteeringError(
        .invalidPlan,
        "'\(field)' needs to know where the prompt ends: give the prompt length")
    }
    let session = Session(plan, promptLength: promptLength ?? .max)
    let observer = try FeatureObserver(plan)
    let target = try SteeringError.rendering { () throws(FormatError) in
      try OutputFile.create(output)
    }
    try copy(file, 0..<file.dataOffset, to: target)
    let editor = RowEditor(session, observer, activations)
    let chunk = activations.rowsPerChunk
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, chunk * file.rowByteCount), alignment: 64)
    defer { bytes.deallocate() }
    var first = 0
    while first < activations.rowCount {
      let rows = first..<min(first + chunk, activations.rowCount)
      let part = UnsafeMutableRawBufferPointer(
        rebasing: bytes[..<(rows.count * file.rowByteCount)])
      try activations.read(rows, into: part)
      for row in rows {
        try editor.edit(
          part.baseAddress.map { $0 + (row - first) * file.rowByteCount }, row: row)
      }
      try SteeringError.rendering { () throws(FormatError) in
        try target.write(UnsafeRawBufferPointer(part).bytes)
      }
      first = rows.upperBound
      progress(first, activations.rowCount)
    }
    let end = file.dataOffset + activations.rowCount * file.rowByteCount
    try copy(file, end..<file.file.byteCount, to: target)
    try activations.checkUnchanged()
    try SteeringError.rendering { () throws(FormatError) in try target.commit() }
    return observer.report(
      rowCount: activations.rowCount, special: activations.isSpecial, output: output,
      byteCount: file.file.byteCount)
  }

  private static func copy(
    _ file: ActivationFile, _ range: Range<Int>, to target: OutputFile
  ) throws(SteeringError) {
    try SteeringError.rendering { () throws(FormatError) in
      let step = 4 << 20
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start + step, range.upperBound)
        try target.write(try file.file.copyBytes(start..<end))
        start = end
      }
    }
  }
}
