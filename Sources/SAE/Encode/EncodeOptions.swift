/// How whole rows are encoded; what they come to is the same for every choice.
public struct EncodeOptions: Sendable, Equatable {
  /// Threads that share the work, the caller included; 1 to 1024.
  public var workers: Int
  /// Whether the encoder's int8 form may rule features out; without one beside the weights it is made
  /// in memory, a quarter of an f32 encoder's bytes.
  public var accelerates: Bool
  /// Bytes to be read below which waking another thread takes longer than reading them.
  package var smallestShared = 4 << 20

  /// One thread, accelerated.
  public init(workers: Int = 1, accelerates: Bool = true) {
    self.workers = workers
    self.accelerates = accelerates
  }

  /// Numbers of workers that callers from outside may ask for.
  package static let workerCounts = 1...1024
  /// Weights of an encoder below which bounds cost more than they save.
  package static let smallestPruned = 1 << 14
  /// Bytes of z that a tile of rows may take, so that they stay in the cache.
  package static let tileBytes = 8 << 20
}

/// How rows were encoded.
public struct EncodeCounts: Sendable, Equatable {
  /// Rows whose activations are defined.
  public var rows = 0
  /// Rows of which most features were ruled out by bounds.
  public var prunedRows = 0
  /// Exact encoder rows that were read for them.
  public var rescoredFeatures = 0

  /// None yet.
  public init() {}
}
