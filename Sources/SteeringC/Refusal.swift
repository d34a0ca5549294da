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
  let size = Int(raw.loadUnaligned(as: UInt32.self))
  guard size >= steer_error_t.firstSize else { return }
  typealias Layout = MemoryLayout<steer_error_t>
  guard let status = Layout.offset(of: \.status), let row = Layout.offset(of: \.row),
    let message = Layout.offset(of: \.message)
  else { return }
  raw.storeBytes(of: refusal.error.code.rawValue, toByteOffset: status, as: Int32.self)
  raw.storeBytes(of: Int64(refusal.row), toByteOffset: row, as: Int64.self)
  // The message had the rest of the first version's block, and keeps that place.
  let bytes = Array(refusal.error.message.utf8)
  var count = min(bytes.count, steer_error_t.firstSize - message - 1)
  // Not within a character: its later bytes are 10xxxxxx.
  while count > 0, count < bytes.count, bytes[count] & 0xC0 == 0x80 { count -= 1 }
  bytes.withUnsafeBytes { source in
    guard let base = source.baseAddress else { return }
    (raw + message).copyMemory(from: base, byteCount: count)
  }
  raw.storeBytes(of: 0, toByteOffset: message + count, as: UInt8.self)
}
