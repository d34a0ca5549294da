import CSteeringLibrary

/// The C interface, with its errors thrown. Everything that an option may be added to is in this file.
enum Library {
  /// Calls a function of the library and throws what it reports.
  static func check(_ call: (UnsafeMutablePointer<steer_error_t>) -> steer_status_t) throws {
    var error = steer_error_t()
    error.struct_size = UInt32(MemoryLayout<steer_error_t>.size)
    let status = call(&error)
    guard status != Int32(STEER_OK) else { return }
    let message = withUnsafeBytes(of: error.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    throw BenchError("\(String(cString: steer_status_name(status))): \(message)")
  }

  static func description() throws -> [String: String] {
    var capabilities = steer_capabilities_t()
    capabilities.struct_size = UInt32(MemoryLayout<steer_capabilities_t>.size)
    try check { steer_capabilities_get(&capabilities, $0) }
    return [
      "version": String(cString: steer_version()),
      "kernels": withUnsafeBytes(of: capabilities.kernels) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      },
    ]
  }

  static func open(_ path: String) throws -> OpaquePointer {
    var options = steer_open_options_t()
    options.struct_size = UInt32(MemoryLayout<steer_open_options_t>.size)
    var out: OpaquePointer?
    try check { steer_dictionary_open(path, &options, &out, $0) }
    return try some(out)
  }

  /// An encoder, with bounds from int8 rows or without, and how many threads it uses.
  static func encoder(
    _ dictionary: OpaquePointer, threads: Int, accelerate: Bool
  ) throws -> (handle: OpaquePointer, threads: Int) {
    var options = steer_encoder_options_t()
    options.struct_size = UInt32(MemoryLayout<steer_encoder_options_t>.size)
    options.workers = UInt32(threads)
    options.plain = accelerate ? 0 : 1
    var out: OpaquePointer?
    try check { steer_encoder_create_with_options(dictionary, &options, &out, $0) }
    let encoder = try some(out)
    return (encoder, Int(try inspect(encoder: encoder).workers))
  }

  /// Encoder rows that were read exactly per row that bounds thinned out, of all; nil where none was.
  static func rescoredFraction(_ encoder: OpaquePointer, of features: Int) throws -> Double? {
    let info = try inspect(encoder: encoder)
    guard info.pruned_rows > 0 else { return nil }
    return Double(info.rescored_features) / Double(info.pruned_rows) / Double(features)
  }

  private static func inspect(encoder: OpaquePointer) throws -> steer_encoder_info_t {
    var info = steer_encoder_info_t()
    info.struct_size = UInt32(MemoryLayout<steer_encoder_info_t>.size)
    try check { steer_encoder_inspect(encoder, &info, $0) }
    return info
  }

  static func inspect(_ dictionary: OpaquePointer) throws -> steer_dictionary_info_t {
    var info = steer_dictionary_info_t()
    info.struct_size = UInt32(MemoryLayout<steer_dictionary_info_t>.size)
    try check { steer_dictionary_inspect(dictionary, &info, $0) }
    return info
  }

  /// A session of a plan that clamps `features` to 2.
  static func clampingSession(
    _ dictionary: OpaquePointer, features: [UInt32]
  ) throws -> OpaquePointer {
    let wishes = features.map { feature in
      var wish = steer_intervention_t()
      wish.struct_size = UInt32(MemoryLayout<steer_intervention_t>.size)
      wish.feature = feature
      wish.mode = Int32(STEER_MODE_CLAMP)
      wish.alpha = 2
      return wish
    }
    var plan: OpaquePointer?
    try check { steer_plan_compile(dictionary, wishes, wishes.count, nil, &plan, $0) }
    defer { steer_plan_destroy(plan) }
    var session: OpaquePointer?
    try check { steer_session_create(plan, 0, &session, $0) }
    return try some(session)
  }

  static func some(_ handle: OpaquePointer?) throws -> OpaquePointer {
    guard let handle else { throw BenchError("the library returned no handle") }
    return handle
  }

  /// Different features for every place, the same in every run.
  static func features(_ count: Int, plan: Int, of total: Int) -> [UInt32] {
    (0..<count).map { UInt32((plan * count + $0) * 7919 % total) }
  }
}

/// A handle that ends with its last user.
final class OpenDictionary {
  let handle: OpaquePointer

  init(_ path: String) throws { handle = try Library.open(path) }

  deinit { steer_dictionary_close(handle) }
}

/// The dictionaries opened last: opening one anew for every case would take longer than the cases, where
/// the file holds the encoder the other way round.
final class OpenDictionaries {
  private var recent: [(path: String, dictionary: OpenDictionary)] = []

  func open(_ request: OperationRequest) throws -> OpenDictionary {
    let path = try request.need(\.dictionary, "dictionary")
    if let found = recent.first(where: { $0.path == path }) { return found.dictionary }
    if recent.count == 2 { recent.removeFirst() }
    let dictionary = try OpenDictionary(path)
    recent.append((path, dictionary))
    return dictionary
  }

  /// Lets go of all, so that files can leave the page cache.
  func close() { recent = [] }
}
