import Steering

/// A handle of the interface is an object that the caller holds one reference to.
enum Handle {
  /// Gives the caller a reference.
  static func make(_ object: AnyObject) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  /// Takes the caller's reference back; NULL is nothing.
  static func end<T: AnyObject>(_ handle: OpaquePointer?, _: T.Type) {
    guard let handle else { return }
    Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle)).release()
  }

  /// The object, without touching its reference count.
  @inline(__always)
  static func unmanaged<T: AnyObject>(
    _ handle: OpaquePointer?, _: T.Type, _ name: StaticString
  ) throws(Refusal) -> Unmanaged<T> {
    guard let handle else { throw .null(name) }
    return Unmanaged<T>.fromOpaque(UnsafeRawPointer(handle))
  }

  /// The object, held for as long as the caller of this keeps it.
  static func object<T: AnyObject>(
    _ handle: OpaquePointer?, _ type: T.Type, _ name: StaticString
  ) throws(Refusal) -> T {
    try unmanaged(handle, type, name).takeUnretainedValue()
  }
}
