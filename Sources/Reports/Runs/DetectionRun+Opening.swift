import Detector
import Formats
import SAE
import Steering

extension DocumentReader: DocumentStream {}

extension DetectionRun {
  /// A run over `shards`, which are files of residual rows or of codes.
  ///
  /// - Parameters:
  ///   - source: What the shards hold; a dictionary must be the one that the detector reads.
  ///   - folder: Where results go: nothing, an empty folder, or that of the same run.
  /// - Throws: `invalidArgument` for options, shards or a dictionary that do not go together; what the
  ///   detector lacks; `inputOutput` also while another process works in the folder.
  public convenience init(
    shards: [String], source: DocumentSource, detector: FittedDetector,
    options: Options = Options(), folder: String
  ) throws(SteeringError) {
    var dictionaryDigest: String?
    if case .rows(let dictionary) = source {
      try dictionary.check(detector)
      dictionaryDigest = try Self.digest(of: dictionary)
    }
    let scorer: Scorer
    do throws(DetectionError) {
      scorer = try Scorer(detector)
    } catch {
      throw SteeringError(error)
    }
    let text = try detector.json()
    try self.init(
      shards: shards, detector: detector, detectorDigest: DigestText.of(Array(text.utf8)),
      dictionaryDigest: dictionaryDigest, options: options, folder: folder,
      work: RunWork(
        open: { (path, name) throws(SteeringError) in
          try DocumentReader(
            path, name: name, source: source, masking: detector.masking,
            needsDenseMean: scorer.needsDenseMean, keepsPieces: options.localisation != .none,
            workers: options.workers, allowsUnknownNorms: options.allowsUnknownNorms)
        },
        judge: { (document, localises) throws(SteeringError) in
          do throws(DetectionError) {
            try scorer.check(document)
          } catch {
            throw SteeringError(error)
          }
          return scorer.verdict(of: document, rate: options.rate, localises: localises)
        }))
  }

  /// What tells a dictionary from others: the ends of its files, else its whole content.
  private static func digest(of dictionary: SparseDictionary) throws(SteeringError) -> String {
    var texts: [String] = []
    for path in dictionary.files {
      let stamp = try SteeringError.rendering { () throws(FormatError) in
        try FileStamp(path: path)
      }
      texts.append("\(FileSystem.name(of: path)) \(stamp.byteCount) \(stamp.ends)")
    }
    texts.append(
      "\(dictionary.featureCount) \(dictionary.modelWidth) \(dictionary.activation.name)")
    return DigestText.of(Array(texts.joined(separator: "\n").utf8))
  }
}
