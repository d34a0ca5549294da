import Glibc
import Steering

/// The 32 secret bytes of a key, which no description shows, and which are overwritten when it goes.
///
/// They lie in memory of their own. Reading and writing a key's file makes short-lived copies as text,
/// which are freed but cannot all be overwritten.
///
/// Thread rule: immutable; may be used concurrently.
package final class Secret: @unchecked Sendable {
  // Sendable: the memory is written before `init` returns and in `deinit`, only read in between, and
  // never handed out.
  /// Bytes of every secret.
  package static let byteCount = 32
  private let memory: UnsafeMutableRawPointer

  private init(memory: UnsafeMutableRawPointer) { self.memory = memory }

  /// A copy of 32 bytes; traps on any other number of them.
  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == Secret.byteCount, "a secret has 32 bytes")
    memory = .allocate(byteCount: Secret.byteCount, alignment: 16)
    UnsafeMutableRawBufferPointer(start: memory, count: Secret.byteCount).copyBytes(from: bytes)
  }

  deinit {
    explicit_bzero(memory, Secret.byteCount)
    memory.deallocate()
  }

  /// 32 fresh bytes from the operating system's generator.
  ///
  /// - Throws: `inputOutput` when the system gives none.
  package static func random() throws(SteeringError) -> Secret {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
    guard getentropy(memory, byteCount) == 0 else {
      let reason = String(cString: strerror(errno))
      memory.deallocate()
      throw SteeringError(
        .inputOutput, "getentropy: \(reason), expected random bytes from the operating system")
    }
    return Secret(memory: memory)
  }

  /// HMAC-SHA256 under this secret, at the start of a message.
  package var authenticator: HMACSHA256 {
    HMACSHA256(key: UnsafeRawBufferPointer(start: memory, count: Secret.byteCount).bytes)
  }

  /// The bytes, for the key's own file alone; whoever asks for them wipes them.
  func copyBytes() -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: memory, count: Secret.byteCount))
  }
}
