import Detector
import Steering

/// Documents of a shard, one after another.
package protocol DocumentStream: AnyObject {
  /// Rows of the shard.
  var rowCount: Int { get }
  /// Rows that were read so far.
  var rowsRead: Int { get }
  /// The next document, nil after the last; nothing can be read after an error.
  func next() throws(SteeringError) -> DocumentCodes?
}

/// What a run does with a shard and its documents.
package struct RunWork {
  /// Opens the shard at a path; its documents without a name are called after `name`, or the file.
  package var open: (_ path: String, _ name: String?) throws(SteeringError) -> any DocumentStream
  /// Scores a document, with contributions and segments where asked.
  package var judge: (_ document: DocumentCodes, _ localises: Bool) throws(SteeringError) -> Verdict

  package init(
    open: @escaping (String, String?) throws(SteeringError) -> any DocumentStream,
    judge: @escaping (DocumentCodes, Bool) throws(SteeringError) -> Verdict
  ) {
    self.open = open
    self.judge = judge
  }
}
