/// What the driver asks for.
struct Request: Decodable {
  enum Verb: String, Decodable {
    /// Versions and what the machine offers.
    case describe
    /// The system's OpenBLAS, which this loads, and with it a thread.
    case blas
    /// Makes ``Request/operation`` ready in its slot, instead of any before it.
    case prepare
    /// Times the operation.
    case measure
    /// The memory that the first batch of an operation takes, above what one row left resident. The
    /// operation is made for it, and not kept.
    case peak
    /// Lets go of every operation and its memory.
    case release
  }

  var verb: Verb
  /// Which of several prepared operations is meant.
  var slot: String?
  /// For `prepare` and `peak`.
  var operation: OperationRequest?
  /// For `measure`: how long to go on, and how often at least.
  var seconds: Double?
  var minimum: Int?
}

/// One operation on one dictionary. Fields that an operation has no use for may be left out.
struct OperationRequest: Decodable {
  /// A name of ``Operations``.
  var name: String
  /// The dictionary's folder.
  var dictionary: String?
  /// A file of f32 rows, as wide as the dictionary.
  var rows: String?
  /// Rows in one call.
  var batch: Int?
  /// Threads that the operation may use.
  var threads: Int?
  /// Whether the dictionary is opened with its int8 accelerator.
  var accelerate: Bool?
  /// Features that are steered or read.
  var features: Int?
  /// Plans that calls take by turns, to have their rows out of the cache; 1: always the same.
  var plans: Int?
  /// What a ceiling reads, in bytes.
  var bytes: Int?
  /// A product's shape, for sgemm.
  var n: Int?
  var d: Int?
}

/// What is answered. Exactly one line for each request.
struct Reply: Encodable {
  var ok = true
  var error: String?
  /// Seconds for one call.
  var samples: [Double]?
  /// Numbers about an operation: its average active features, threads in use, ...
  var info: [String: Double]?
  var texts: [String: String]?
  /// Bytes, for `peak`.
  var bytes: Int?
}
