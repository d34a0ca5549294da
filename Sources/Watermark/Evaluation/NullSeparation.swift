import Detector

/// Keeps null texts and unmarked texts that are judged apart: none may be both.
///
/// Texts are compared by themselves, whatever their ids. One that a line does not give is known by id, method
/// and source alone.
struct NullSeparation {
  private struct Side {
    var texts: Set<TextIdentity> = []
    /// Of all texts.
    var names: Set<TextIdentity> = []
    /// Of those whose text is not given.
    var bareNames: Set<TextIdentity> = []
  }

  private var null = Side()
  private var judged = Side()

  /// - Throws: `splitOverlap` for a text that is on the other side; nothing is taken then.
  mutating func take(_ text: ScoredText) throws(DetectionError) {
    guard text.role == .unmarked else { return }
    let name = TextIdentity([text.id, text.method, text.source])
    let content = text.content.map { TextIdentity([$0]) }
    let other = text.isNull ? judged : null
    let isThere =
      content.map { other.texts.contains($0) || other.bareNames.contains(name) }
      ?? other.names.contains(name)
    guard !isThere else {
      throw DetectionError(
        .splitOverlap(document: text.id, first: "null", second: "texts that are judged"))
    }
    if text.isNull {
      Self.add(name, content, to: &null)
    } else {
      Self.add(name, content, to: &judged)
    }
  }

  private static func add(_ name: TextIdentity, _ content: TextIdentity?, to side: inout Side) {
    side.names.insert(name)
    if let content { side.texts.insert(content) } else { side.bareNames.insert(name) }
  }
}
