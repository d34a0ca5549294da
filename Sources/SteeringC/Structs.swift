import Steering

/// Structs that cross the border: their first field is their size as the caller was compiled.
enum Struct {
  // Far more than any struct will ever have; a larger number is not a size.
  private static let sizeLimit = 4096

  /// The caller's size of the struct at `pointer`, at least that of the first version.
  static func size<T>(
    of pointer: UnsafePointer<T>, _ name: String
  ) throws(Refusal) -> Int {
    let raw = UnsafeRawPointer(pointer)
    let size = Int(raw.loadUnaligned(as: UInt32.self))
    let expected = MemoryLayout<T>.size
    guard size >= expected, size <= sizeLimit else {
      throw Refusal(
        .invalidArgument,
        "\(name).struct_size is \(size), expected \(expected): initialise it with the STEER_..._INIT"
          + " macro")
    }
    return size
  }

  /// Reads a struct from the caller, who may know more fields than this library if they are zero.
  static func read<T: BitwiseCopyable>(
    _ pointer: UnsafePointer<T>, _ name: String
  ) throws(Refusal) -> T {
    let known = MemoryLayout<T>.size
    let size = try size(of: pointer, name)
    let raw = UnsafeRawPointer(pointer)
    for offset in known..<size where raw.load(fromByteOffset: offset, as: UInt8.self) != 0 {
      throw Refusal(
        .invalidArgument,
        "\(name) sets a field at byte \(offset), but this library knows \(known) bytes of it")
    }
    return raw.loadUnaligned(as: T.self)
  }

  /// Writes a struct to the caller, leaving its size field and fields unknown here as they are.
  static func write<T: BitwiseCopyable>(
    _ value: T, to pointer: UnsafeMutablePointer<T>?, _ name: StaticString
  ) throws(Refusal) {
    guard let pointer else { throw .null(name) }
    _ = try size(of: UnsafePointer(pointer), "\(name)")
    let field = MemoryLayout<UInt32>.size
    withUnsafeBytes(of: value) { bytes in
      UnsafeMutableRawBufferPointer(start: pointer, count: bytes.count)[field...]
        .copyBytes(from: bytes[field...])
    }
  }
}
