import Formats
import SAE
import Tensors

/// A dictionary in SAELens' terms: its architecture, and what is done to numbers on the way there.
struct SAELensForm {
  /// `metadata.sae_lens_version`: any from 6.0.0-rc.0 on makes the library read the current layout.
  static let layoutVersion = "6.0.0"

  let dictionary: SparseDictionary
  let architecture: SAELensArchitecture
  /// The factor that rows are multiplied by, which the weights take over; 1 where there is none.
  let foldedFactor: Float
  /// log of the gated scale, so that exp gives it back; empty for other activations.
  let logScale: [Float]
  private(set) var changes: [LedgerEntry] = []
  private(set) var roundings: [ExportReport.Rounding] = []

  /// - Throws: `cannotHold` for what SAELens has no place for, `wouldRound` for what it holds only
  ///   nearly.
  init(_ dictionary: SparseDictionary, options: ExportOptions) throws(ExportError) {
    self.dictionary = dictionary
    architecture = try Self.architecture(of: dictionary)
    foldedFactor = try Self.foldedFactor(dictionary, options)
    logScale = try Self.logScale(dictionary)
    try Self.checkFields(dictionary)
    try explain(options)
  }

  private static func refusal(_ what: String, _ why: String) -> ExportError {
    ExportError(.cannotHold(target: .saelens, what: what, why: why))
  }

  private static func architecture(
    of dictionary: SparseDictionary
  ) throws(ExportError) -> SAELensArchitecture {
    let isTranscoder = dictionary.kind == .transcoder
    let name = "activation '\(dictionary.activation.name)'"
    switch dictionary.activation {
    case .relu:
      guard isTranscoder else { return .standard }
      return dictionary.hasSkip ? .skipTranscoder : .transcoder
    case .jumpReLU, .batchTopK:
      guard isTranscoder else { return .jumprelu }
      return dictionary.hasSkip ? .jumpreluSkipTranscoder : .jumpreluTranscoder
    case .topK, .absTopK, .gated:
      guard !isTranscoder else {
        throw refusal("\(name) in a transcoder", "its transcoders have relu and jumprelu only")
      }
      if case .topK = dictionary.activation { return .topk }
      return dictionary.activation.k == nil ? .gated : .abstopk
    case .signedTopK:
      throw refusal(name, "its top k ends in a ReLU, which drops negative activations")
    case .groupMax: throw refusal(name, "it has no selection by groups")
    case .biJumpReLU: throw refusal(name, "its jumprelu has one side and no gains")
    case .blockTopK: throw refusal(name, "it has no selection by blocks")
    case .matchingPursuit: return .matchingPursuit
    }
  }

  /// The power of two, or where rounding is allowed any number, that the weights are scaled by.
  private static func foldedFactor(
    _ dictionary: SparseDictionary, _ options: ExportOptions
  ) throws(ExportError) -> Float {
    guard case .constantFactor(let factor) = dictionary.normalisation else { return 1 }
    if case .matchingPursuit = dictionary.activation {
      throw refusal(
        "a matching pursuit with an activation scale", "its one matrix cannot take both s and 1/s")
    }
    guard dictionary.outputScale == .undoesNormalisation || !dictionary.subtractsDecoderBias else {
      throw refusal(
        "an activation scale that decoding does not undo, with a decoder bias that is subtracted",
        "folded, the bias would have two values")
    }
    guard options.allowsRounding || factor.significand == 1 else {
      throw ExportError(
        .wouldRound(
          what: "the activation scale \(factor)",
          why:
            "saelens takes it folded into the weights (W_enc times it, W_dec and b_dec divided by"
            + " it), which only a power of two leaves exact"))
    }
    return factor
  }

  private static func checkFields(_ dictionary: SparseDictionary) throws(ExportError) {
    if dictionary.decoderNormRole == .ranksOnly {
      throw refusal(
        "decoder norms that only rank (ranksOnly)",
        "its rescaling keeps the factor in the activations")
    }
    if let last = dictionary.prefixes.last, dictionary.prefixes.count > 0 {
      throw refusal(
        "nested sizes (\(dictionary.prefixes.count), up to \(last))", "it holds only the whole")
    }
    if case .factor(let factor) = dictionary.outputScale {
      throw refusal(
        "an output scale of \(factor)", "it has no factor between decoder and output")
    }
    if case .layerNorm(let epsilon) = dictionary.normalisation,
      epsilon != SAELensImporter.layerNormEpsilon
    {
      throw refusal(
        "layer norm with epsilon \(epsilon)",
        "its own has \(SAELensImporter.layerNormEpsilon) and no setting for it")
    }
    try checkOutputScale(dictionary)
    try checkTaps(dictionary)
    if case .matchingPursuit = dictionary.activation, !dictionary.subtractsDecoderBias,
      let column = dictionary.decoderBias.firstIndex(where: { $0 != 0 })
    {
      throw refusal(
        "a matching pursuit that adds a decoder bias without subtracting it"
          + " (bias[\(column)] is \(dictionary.decoderBias[column]))",
        "its own does both or neither")
    }
    if dictionary.activation.name == "gated",
      let feature = dictionary.encoderBias.firstIndex(where: { $0 != 0 })
    {
      throw refusal(
        "a gated activation with encoder bias[\(feature)] \(dictionary.encoderBias[feature])",
        "its gated SAEs have a bias for the gate and one for the magnitude only")
    }
  }

  private static func checkOutputScale(_ dictionary: SparseDictionary) throws(ExportError) {
    switch dictionary.normalisation {
    case .none, .constantFactor: return
    case .rootWidthOverNorm, .layerNorm: break
    }
    let undoes = dictionary.outputScale == .undoesNormalisation
    if dictionary.kind == .autoencoder, !undoes {
      throw refusal(
        "\(dictionary.normalisation.name) that decoding does not undo",
        "its autoencoders always undo it")
    }
    if dictionary.kind == .transcoder, undoes {
      throw refusal(
        "\(dictionary.normalisation.name) that a transcoder undoes", "its transcoders never do")
    }
  }

  private static func checkTaps(_ dictionary: SparseDictionary) throws(ExportError) {
    let input = dictionary.input
    let output = dictionary.output
    if dictionary.kind == .autoencoder, output != input, output != Tap() {
      throw refusal("an autoencoder with an output hook of its own", "it has one hook for both")
    }
    if let model = output.model, model != input.model {
      throw refusal("two models, one read and one written", "it names one model")
    }
  }

  /// r with exp(r) = scale, as the importer computes exp, or the nearest that f32 has.
  private static func logScale(_ dictionary: SparseDictionary) throws(ExportError) -> [Float] {
    guard case .gated(_, _, let scale) = dictionary.activation else { return [] }
    var logarithms: [Float] = []
    logarithms.reserveCapacity(scale.count)
    for (feature, value) in scale.enumerated() {
      guard value > 0 else {
        throw refusal(
          "a magnitude scale of \(value) (feature \(feature))",
          "it stores the logarithm, so scales are positive")
      }
      let nearest = Exponential.logarithm(of: value)
      let candidates = [nearest, nearest.nextDown, nearest.nextUp]
      logarithms.append(candidates.first { Exponential.of($0) == value } ?? nearest)
    }
    return logarithms
  }

  /// Says what becomes something else, and counts logarithms that do not lead back.
  private mutating func explain(_ options: ExportOptions) throws(ExportError) {
    func note(_ subject: String, _ statement: String) -> LedgerEntry {
      LedgerEntry(subject, statement, source: .option("to saelens"))
    }
    if foldedFactor != 1 {
      let undoes = dictionary.outputScale == .undoesNormalisation
      changes.append(
        note(
          "activation scale",
          "\(foldedFactor) folded: W_enc times it"
            + (undoes ? ", W_dec and b_dec divided by it" : "")))
    }
    if case .batchTopK(let threshold) = dictionary.activation {
      changes.append(
        note("threshold", "\(threshold) for all features, written for each (jumprelu)"))
    }
    for (name, rows) in [("W_enc", dictionary.encoder.stored), ("W_dec", dictionary.decoder)]
    where architecture.tensorNames.contains(name) {
      if case .expander(let matrix) = rows {
        changes.append(
          note(
            name, "\(matrix.degree) numbers per feature written among \(matrix.width), zeros too"))
      }
    }
    if dictionary.isTied, architecture != .matchingPursuit {
      changes.append(note("W_enc", "the decoder, written a second time"))
    }
    try countLogarithms(options)
  }

  private mutating func countLogarithms(_ options: ExportOptions) throws(ExportError) {
    guard case .gated(_, _, let scale) = dictionary.activation else { return }
    var rounding = ExportReport.Rounding(
      tensor: "r_mag", changedCount: 0, count: scale.count, largestRelativeChange: 0)
    for (feature, value) in scale.enumerated() {
      let found = Exponential.of(logScale[feature])
      guard found != value else { continue }
      guard options.allowsRounding else {
        throw ExportError(
          .wouldRound(
            what: "the magnitude scale \(value) of feature \(feature)",
            why: "saelens stores its logarithm, and no f32 has that as exponential"))
      }
      rounding.changedCount += 1
      rounding.largestRelativeChange = max(
        rounding.largestRelativeChange,
        abs(Double(found) - Double(value)) / Double(value))
    }
    if rounding.changedCount > 0 { roundings.append(rounding) }
  }
}
