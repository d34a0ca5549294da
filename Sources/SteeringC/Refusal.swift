import CSteering
import Steering

/// Why a call is refused, and because of which of its rows.
struct Refusal: Error {
  var error: SteeringError
  /// Counted within the call; -1 where no row is to blame.
  var row: Int

  init(_ error: SteeringError, row: Int = -1) {
    self.error = error
    self.row = row
  }

  init(_ code: SteeringError.Code, _ message: String, row: Int = -1) {
    self.init(SteeringError(code, message), row: row)
  }

  /// An argument that must not be NULL is.
  static func null(_ name: StaticString) -> Refusal {
    Refusal(.invalidArgument, "\(name) is NULL, expected a pointer")
  }
}

/// Runs `body`; turns what it throws into a status, and into words where the caller has room for them.
@inline(__always)
func answer(
  _ error: UnsafeMutablePointer<steer_error_t>?, _ body: () throws(Refusal) -> Void
) -> steer_status_t {
  do throws(Refusal) {
    try body()
    return steer_status_t(STEER_OK)
  } catch let refusal {
    report(refusal, into: error)
    return refusal.error.code.rawValue
  }
}

/// Runs library code and keeps its error.
@inline(__always)
func refusing<R>(_ body: () throws(SteeringError) -> R) throws(Refusal) -> R {
  do throws(SteeringError) {
    return try body()
  } catch {
    throw Refusal(error)
  }
}

/// Fills the caller's error block, unless it is missing or of an unknown size.
private func report(_ refusal: Refusal, into error: UnsafeMutablePointer<steer_error_t>?) {
  guard let error else { return }
  let raw = UnsafeMutableRawPointer(error)
  let size = MemoryLayout<steer_error_t>.size
  guard raw.loadUnaligned(as: UInt32.self) >= size else { return }
  let offset = MemoryLayout<steer_error_t>.offset(of: \.message) ?? size
  raw.storeBytes(
    of: refusal.error.code.rawValue,
    toByteOffset: MemoryLayout<steer_error_t>.offset(of: \.status) ?? 0, as: Int32.self)
  raw.storeBytes(
    of: Int64(refusal.row), toByteOffset: MemoryLayout<steer_error_t>.offset(of: \.row) ?? 0,
    as: Int64.self)
  let bytes = Array(refusal.error.message.utf8)
  var count = min(bytes.count, size - offset - 1)
  // Not within a character: its later bytes are 10xxxxxx.
  while count > 0, count < bytes.count, bytes[count] & 0xC0 == 0x80 { count -= 1 }
  let message = raw + offset
  bytes.withUnsafeBytes { source in
    guard let base = source.baseAddress else { return }
    message.copyMemory(from: base, byteCount: count)
  }
  message.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
}
