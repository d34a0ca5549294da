import SAE
import Tensors

/// Encodes a whole file of activations: codes, how well they explain the rows, and a file of results.
public struct ActivationEncoding {
  /// Codes of all rows, in the file's order.
  public let codes: SparseCodes
  /// What the rows showed; `outputPath` and `tensors` are filled in by ``write(to:dense:decode:)``.
  public internal(set) var report: EncodeReport
  private let dictionary: SparseDictionary
  private let activations: Activations
  private let norms: [Float]

  /// Encodes every row, and decodes it again to measure the fit.
  ///
  /// - Parameter progress: Called now and then with rows done and rows in all.
  public init(
    _ activations: Activations, with dictionary: SparseDictionary,
    options: EncodeOptions = EncodeOptions(),
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    try activations.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    self.dictionary = dictionary
    self.activations = activations
    let ordinary = try OrdinaryRows(activations)
    norms = ordinary.norms.map { Float(min($0, Double(Float.greatestFiniteMagnitude))) }
    let encoder = try dictionary.makeEncoder(options)
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let estimate = FloatBuffer(count: dictionary.outputWidth)
    var codes = SparseCodes(featureCount: dictionary.featureCount)
    let empty = ReconstructionStatistics(
      featureCount: dictionary.featureCount, width: dictionary.outputWidth)
    var all = empty
    var plain = empty
    let width = activations.width
    let reconstructs = dictionary.kind == .autoencoder
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      var done = 0
      while done < count {
        let step = min(512, count - done)
        do throws(DictionaryError) {
          try encoder.encode(
            rows + done * width, count: step, stride: width, into: &codes)
        } catch {
          throw SteeringError(error.movedDown(by: first + done)).inFile(activations.path)
        }
        for row in (first + done)..<(first + done + step) where !codes.isUndefined(row: row) {
          let x = rows + (row - first) * width
          if reconstructs {
            do throws(DictionaryError) {
              try reconstructor.decode(codes, row: row, of: x, into: estimate.base)
            } catch {
              throw SteeringError(error).inFile(activations.path)
            }
          }
          let reconstruction = reconstructs ? UnsafePointer(estimate.base) : nil
          all.add(x, codes: codes, row: row, reconstruction: reconstruction)
          if ordinary.isOrdinary[row] {
            plain.add(x, codes: codes, row: row, reconstruction: reconstruction)
          }
        }
        done += step
        progress(first + done, activations.rowCount)
      }
    }
    self.codes = codes
    report = EncodeReport(
      all: EncodeReport.Fit(all), ordinary: EncodeReport.Fit(plain),
      specialCount: ordinary.specialCount, sinkCount: ordinary.sinkCount,
      undefinedRows: codes.undefinedRows, counts: encoder.counts, tensors: [])
  }

  /// The file that was encoded.
  var path: String { activations.path }
  /// The model that the dictionary is of.
  var model: String? { dictionary.input.model }

  /// What the input says of its rows under `name`; nil where it says nothing.
  func marks(_ name: String) throws(SteeringError) -> [Int]? {
    guard activations.file.companion(name) != nil else { return nil }
    return try activations.integers(name)
  }

  /// Writes the codes as safetensors.
  ///
  /// Sparse: `row_offsets` I64 [rows + 1], `indices` I32 [active], `values` F32 [active], `norms` F32 [rows]
  /// of the rows, and, only where there are some, `undefined_rows` I64; beside them, I64 [rows], what the
  /// input says of its rows: `documents`, `tokens`, `positions`, `special`, `segments`. Dense: `features` F32
  /// [rows, featureCount], NaN in undefined rows. With `decode` also `decoded` F32 [rows, outputWidth], and
  /// `forward` of the same shape where the dictionary has a skip path.
  public mutating func write(to path: String, dense: Bool, decode: Bool) throws(SteeringError) {
    let source = activations.path
    let file = CodeFile(
      dictionary, codes, companions: dense ? [] : try activations.rowMarks(),
      norms: dense ? [] : norms
    ) { SteeringError($0).inFile(source) }
    report.tensors = try file.write(
      to: path, dense: dense, decode: decode, forEachChunk: activations.forEachChunk)
    report.outputPath = path
  }
}
