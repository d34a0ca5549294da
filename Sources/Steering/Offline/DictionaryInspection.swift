import SAE

/// What a look at every weight says about a dictionary.
public struct DictionaryInspection: Sendable {
  /// How the norms of rows are spread.
  public struct Norms: Sendable, Equatable {
    /// The smallest norm.
    public var minimum: Double
    /// The middle norm.
    public var median: Double
    /// The largest norm.
    public var maximum: Double
    /// Rows whose norm is zero.
    public var zeroCount: Int
    /// Rows per tenth of the range between minimum and maximum.
    public var histogram: [Int]

    init(_ values: [Double]) {
      let sorted = values.sorted()
      minimum = sorted.first ?? 0
      maximum = sorted.last ?? 0
      median = OrdinaryRows.median(values) ?? 0
      zeroCount = values.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
      histogram = Histogram.tenths(values, from: minimum, to: maximum)
    }

    /// Whether every row has norm 1 within `tolerance`.
    public func areUnit(tolerance: Double = 1e-3) -> Bool {
      abs(minimum - 1) <= tolerance && abs(maximum - 1) <= tolerance
    }
  }

  /// What there is for encoding rows without reading every weight.
  public enum Accelerator: Sendable, Equatable {
    /// The int8 form lies beside the weights; `meanLoss` is the share of a row's length that it loses.
    case stored(byteCount: Int, meanLoss: Double)
    /// It is made when rows are encoded.
    case madeInMemory
    /// It would be of no use for what is named.
    case unused(String)

    init(_ dictionary: SparseDictionary) {
      if let obstacle = dictionary.encoder.pruningObstacle(dictionary.activation) {
        self = .unused(obstacle)
      } else if let stored = dictionary.encoder.accelerator {
        self = .stored(byteCount: stored.byteCount, meanLoss: stored.meanLoss)
      } else {
        self = .madeInMemory
      }
    }
  }

  /// The dictionary that was read.
  public let dictionary: SparseDictionary
  /// Norms of the encoder rows.
  public let encoderNorms: Norms
  /// Norms of the decoder rows.
  public let decoderNorms: Norms
  /// The int8 form of the encoder.
  public let accelerator: Accelerator
  /// The dictionary's own ledger, and what was measured here.
  public let ledger: [LedgerEntry]

  /// Reads every weight once.
  ///
  /// - Throws: `nonFinite` for a NaN or infinite weight, naming tensor, row and column.
  public init(_ dictionary: SparseDictionary) throws(SteeringError) {
    self.dictionary = dictionary
    accelerator = Accelerator(dictionary)
    let kernels = dictionary.kernels
    do throws(DictionaryError) {
      try dictionary.checkFiniteWeights()
      let encoder = try dictionary.encoder.featureMajor(kernels)
      encoderNorms = Norms(encoder.norms(kernels))
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    decoderNorms = Norms(dictionary.decoder.norms(kernels))
    ledger = dictionary.ledger + [Self.entry(decoderNorms, dictionary)]
  }

  private static func entry(_ norms: Norms, _ dictionary: SparseDictionary) -> LedgerEntry {
    let spread =
      norms.areUnit()
      ? "unit"
      : "not unit: norms \(short(norms.minimum)) to \(short(norms.maximum)), median"
        + " \(short(norms.median))"
    let alpha =
      if dictionary.rescalesByDecoderNorm {
        rescaled(dictionary)
      } else if case .factor(let factor) = dictionary.outputScale {
        "alpha 1 adds one of them times \(short(Double(factor)))"
      } else if dictionary.denormalisesOutput, dictionary.normalisation != .none {
        "alpha 1 adds one of them, scaled back by the row's own factor"
      } else if norms.areUnit() {
        "alpha is the length of the edit"
      } else {
        "alpha multiplies them"
      }
    return LedgerEntry("decoder rows", "\(spread); \(alpha)", source: .measured)
  }

  /// What alpha 1 adds where activations are rescaled by decoder norms.
  private static func rescaled(_ dictionary: SparseDictionary) -> String {
    // Norms are those in the row's units: a constant factor that is not undone stays.
    var length = Double(dictionary.outputScale.factor)
    if !dictionary.denormalisesOutput, case .constantFactor(let factor) = dictionary.normalisation {
      length *= Double(factor)
    }
    let vector = length == 1 ? "a unit vector" : "a vector of length \(short(length))"
    let isScaledBack = dictionary.denormalisesOutput && dictionary.normalisation.dependsOnRow
    return "alpha 1 adds \(vector), as one unit of activation decodes to"
      + (isScaledBack ? ", scaled back by the row's own factor" : "")
  }

  /// Five significant digits, without Foundation.
  private static func short(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    var scale = 1.0
    var magnitude = abs(value)
    while magnitude >= 100_000 {
      magnitude /= 10
      scale /= 10
    }
    while magnitude < 10_000 {
      magnitude *= 10
      scale *= 10
    }
    return "\((value * scale).rounded() / scale)"
  }
}
