import Formats

/// The files of a bank's folder.
enum BankFile {
  /// The layout's name.
  static let format = "steering-watermark-bank/1"
  /// The layout's name of the null scores.
  static let nullFormat = "steering-watermark-nulls/1"
  static let bank = "bank.json"
  /// The null scores of banks that were not written by ``WatermarkBank/write(to:)``.
  static let plainNulls = "null.safetensors"

  /// What the null scores of SHA-256 `digest` are called: another content is another file.
  static func nulls(_ digest: String) -> String { "null-\(digest.prefix(16)).safetensors" }

  /// Metadata of the null scores.
  enum Key {
    static let format = "format"
    static let fingerprint = "fingerprint"
    static let blockLength = "block_length"
    static let replayStrength = "replay_strength"
    static let replayMinimum = "replay_minimum_per_bucket"
    static let replayBuckets = "replay_maximum_buckets"
  }

  /// Tensors of the null scores.
  enum Name {
    static let tokens = "tokens"
    static let identities = "identities"
    static let scores = "scores"
    static let blockCounts = "block_counts"
    static let blocks = "blocks"
    static let replayTokens = "replay_tokens"
    static let replayValues = "replay_z"

    /// Those of the features statistic: all of them or none.
    static let scored = [tokens, identities, scores, blockCounts, blocks]
    /// Those of replay: both or none.
    static let replayed = [replayTokens, replayValues]
  }
}
