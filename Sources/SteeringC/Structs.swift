import CSteering
import Steering

/// A struct that crosses the border. Its first field is its size as the caller was compiled.
protocol BorderStruct {
  /// Its size in the first version that had it: what every caller has at least. Frozen.
  static var firstSize: Int { get }
}

extension steer_error_t: BorderStruct { static var firstSize: Int { 1024 } }
extension steer_capabilities_t: BorderStruct { static var firstSize: Int { 40 } }
extension steer_open_options_t: BorderStruct { static var firstSize: Int { 32 } }
extension steer_dictionary_info_t: BorderStruct { static var firstSize: Int { 72 } }
extension steer_scope_t: BorderStruct { static var firstSize: Int { 32 } }
extension steer_intervention_t: BorderStruct { static var firstSize: Int { 40 } }
extension steer_plan_info_t: BorderStruct { static var firstSize: Int { 40 } }
extension steer_session_info_t: BorderStruct { static var firstSize: Int { 56 } }
extension steer_encoder_options_t: BorderStruct { static var firstSize: Int { 16 } }
extension steer_encoder_info_t: BorderStruct { static var firstSize: Int { 32 } }
extension steer_detector_info_t: BorderStruct { static var firstSize: Int { 56 } }
extension steer_verdict_t: BorderStruct { static var firstSize: Int { 96 } }
extension steer_watermark_info_t: BorderStruct { static var firstSize: Int { 56 } }
extension steer_document_t: BorderStruct { static var firstSize: Int { 32 } }
extension steer_replay_t: BorderStruct { static var firstSize: Int { 48 } }
extension steer_plan_arrays_t: BorderStruct { static var firstSize: Int { 296 } }

/// Reads and writes structs of callers that are older or newer than this library.
enum Struct {
  // Far more than any struct will ever have; a larger number is not a size.
  private static let sizeLimit = 4096

  /// The caller's size of the struct at `pointer`.
  static func size<T: BorderStruct & BitwiseCopyable>(
    of pointer: UnsafePointer<T>, _ name: String
  ) throws(Refusal) -> Int {
    let size = Int(UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self))
    guard size >= T.firstSize, size <= sizeLimit else {
      throw Refusal(
        .invalidArgument,
        "\(name).struct_size is \(size), expected \(MemoryLayout<T>.size): initialise it with the"
          + " STEER_..._INIT macro")
    }
    return size
  }

  /// Reads a struct into `value`, all zeros: an older caller's missing fields have their defaults, and
  /// a newer caller's unknown ones must have theirs.
  static func read<T: BorderStruct & BitwiseCopyable>(
    _ pointer: UnsafePointer<T>, into value: inout T, _ name: String
  ) throws(Refusal) {
    let size = try size(of: pointer, name)
    let raw = UnsafeRawBufferPointer(start: pointer, count: size)
    let known = MemoryLayout<T>.size
    if let offset = raw.indices.first(where: { $0 >= known && raw[$0] != 0 }) {
      throw Refusal(
        .invalidArgument,
        "\(name) sets a field at byte \(offset), but this library knows \(known) bytes of it")
    }
    withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: raw.prefix(known)) }
  }

  /// Writes a struct to the caller, as far as it goes there; its size field stays as it is.
  static func write<T: BorderStruct & BitwiseCopyable>(
    _ value: T, to pointer: UnsafeMutablePointer<T>?, _ name: StaticString
  ) throws(Refusal) {
    guard let pointer else { throw .null(name) }
    let size = try size(of: UnsafePointer(pointer), "\(name)")
    let field = MemoryLayout<UInt32>.size
    withUnsafeBytes(of: value) { bytes in
      UnsafeMutableRawBufferPointer(start: pointer, count: size)[field...]
        .copyBytes(from: bytes.prefix(size)[field...])
    }
  }
}
