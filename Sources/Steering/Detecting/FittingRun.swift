import Detector
import SAE

/// A detector fitted on the documents of shards, and what was seen on the way.
public struct FittingRun: Sendable {
  /// What documents without a split of their own, or of this name, are fitted on.
  public static let defaultSplit = "selection"

  /// The detector, not calibrated.
  public let detector: FittedDetector
  /// Documents that it was fitted on.
  public let documentCount: Int
  /// Of them, documents without a kept token: they are left out, with the other side of their pairs.
  public let emptyCount: Int
  /// Of all, labelled with each structure and without it, in the detector's order.
  public let labelCounts: [(with: Int, without: Int)]
  /// Documents that were left out for their split.
  public let otherSplitCount: Int
  /// Tokens of the documents that it was fitted on, by their use.
  public let tokens: TokenCounts
  /// Median norm of the rows that are not zero; nil for codes.
  public let medianNorm: Double?

  /// Fits a detector on the documents of `shards` that belong to `split`.
  ///
  /// Rows whose norm is 5 × the median norm of all shards' rows or more are sinks; the detector keeps the
  /// number. Codes have no such rule unless `sinkNorm` gives one. The order of documents decides the order
  /// of sums, nothing else.
  ///
  /// Memory: the codes of all documents of the split, and of a dense fit their mean rows.
  ///
  /// - Parameters:
  ///   - dictionary: Encodes the rows; of codes, the dictionary that made them.
  ///   - readsCodes: Whether the shards hold codes.
  ///   - split: Documents of another `split` are left out; those that name none are taken.
  ///   - sinkNorm: The norm from which a row is a sink, instead of the rule above.
  ///   - progress: Called now and then with the rows that are done and all rows.
  /// - Throws: `invalidArgument` for what cannot be fitted, naming structure, pair or document; what
  ///   ``DocumentReader`` throws.
  public init(
    _ options: FitOptions, shards: [String], dictionary: SparseDictionary, name: String,
    readsCodes: Bool = false, split: String = FittingRun.defaultSplit, sinkNorm: Double? = nil,
    workers: Int = 1,
    allowsUnknownNorms: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    let source: DocumentSource =
      readsCodes
      ? .codes(featureCount: dictionary.featureCount, dictionary: dictionary.name)
      : .rows(dictionary)
    var masking = Masking(sinkNorm: sinkNorm)
    medianNorm = readsCodes ? nil : try Self.medianNorm(shards)
    if sinkNorm == nil, let medianNorm { masking.sinkNorm = OrdinaryRows.sinkFactor * medianNorm }
    func open(_ shard: String) throws(SteeringError) -> DocumentReader {
      try DocumentReader(
        shard, source: source, masking: masking, needsDenseMean: options.kind == .dense,
        keepsPieces: false, workers: workers, allowsUnknownNorms: allowsUnknownNorms)
    }
    var total = 0
    for shard in shards { total += try open(shard).rowCount }
    var documents: [DocumentCodes] = []
    var tokens = TokenCounts()
    var others = 0
    var done = 0
    for shard in shards {
      let reader = try open(shard)
      while let document = try reader.next() {
        progress(done + reader.rowsRead, total)
        guard document.split ?? split == split else {
          others += 1
          continue
        }
        tokens.add(document.counts)
        documents.append(document)
      }
      done += reader.rowCount
    }
    guard !documents.isEmpty else {
      throw SteeringError(
        .invalidArgument, "0 documents of split '\(split)', expected at least 1")
    }
    let reference = try FittedDetector.DictionaryReference(of: dictionary, features: [])
    var fitted = try SteeringError.rendering { () throws(DetectionError) in
      try FittedDetector(
        fitting: options, on: Corpus(documents, allowsOtherLabels: true), name: name,
        dictionary: reference,
        masking: masking)
    }
    fitted.dictionary = try FittedDetector.DictionaryReference(
      of: dictionary, features: fitted.features)
    detector = fitted
    documentCount = documents.count
    emptyCount = documents.count { $0.counts.kept == 0 }
    otherSplitCount = others
    self.tokens = tokens
    labelCounts = fitted.structures.map { structure in
      (
        documents.count { $0.labels[structure.name] == true },
        documents.count { $0.labels[structure.name] == false }
      )
    }
  }

  /// Median norm of all shards' rows that are not zero.
  private static func medianNorm(_ shards: [String]) throws(SteeringError) -> Double? {
    var norms: [Double] = []
    for shard in shards {
      norms += try OrdinaryRows(try Activations(shard)).norms.filter { $0 > 0 }
    }
    return OrdinaryRows.median(norms)
  }
}
