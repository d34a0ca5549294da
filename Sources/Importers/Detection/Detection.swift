/// Finds out which publisher's layout files are in.
enum Detection {
  /// Every importer, in the order in which messages list them.
  static let importers: [any PublisherImporter.Type] = [
    SAELensImporter.self,
    GemmaScopeImporter.self,
    DictionaryLearningImporter.self,
    OpenAIImporter.self,
    GoodfireImporter.self,
    DeepSeekR1Importer.self,
    QwenScopeImporter.self,
    ExpanderImporter.self,
    SparsifyImporter.self,
    GemmaScope2Importer.self,
    LlamaScopeImporter.self,
    LlamaScopeR1Importer.self,
    LlamascopiumImporter.self,
    CircuitTracerImporter.self,
    CircuitTracerCrossLayerImporter.self,
    GemmaScope2CrossLayerImporter.self,
    LlamascopiumCrossLayerImporter.self,
    NativeImporter.self,
  ]

  /// The importer of the layout that the files are in, or that the caller names.
  ///
  /// - Throws: `refused` for a named layout without importer, `unknownLayout` when no importer knows
  ///   the files, `ambiguousLayout` when several do, what the readers throw for a file that is needed
  ///   to tell.
  static func importer(
    for source: DictionarySource, format: DictionaryFormat?
  ) throws(ImportError) -> any PublisherImporter.Type {
    if let format {
      guard let named = importers.first(where: { $0.format == format }) else {
        throw ImportError(
          .refused(
            what: "layout '\(format.rawValue)'", why: "nothing here reads it",
            advice: "name one of "
              + importers.map { $0.format.rawValue }.joined(separator: ", ")),
          path: source.path)
      }
      return named
    }
    var found: [any PublisherImporter.Type] = []
    for importer in importers where try importer.recognises(source) { found.append(importer) }
    guard let first = found.first else {
      throw ImportError(
        .unknownLayout(found: source.summary, accepted: importers.map { $0.layout }),
        path: source.path)
    }
    guard found.count == 1 else {
      throw ImportError(
        .ambiguousLayout(formats: found.map { $0.format.rawValue }), path: source.path)
    }
    return first
  }
}
