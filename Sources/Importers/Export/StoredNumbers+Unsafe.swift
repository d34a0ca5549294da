import Tensors

/// Numbers as a file stores them.
enum StoredNumbers {
  /// The bytes of `values` as `type`, f32, bf16 or f16, rounded to the nearest.
  static func bytes(of values: [Float], as type: ElementType, _ kernels: Kernels) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count * type.byteCount) { buffer, count in
      count = values.count * type.byteCount
      guard let out = buffer.baseAddress else { return }
      values.withUnsafeBufferPointer { values in
        guard let input = values.baseAddress else { return }
        let raw = UnsafeMutableRawPointer(out)
        switch type {
        case .f32: raw.copyMemory(from: input, byteCount: count)
        case .bf16:
          kernels.narrow(
            input, bfloat16: raw.assumingMemoryBound(to: UInt16.self), count: values.count)
        case .f16:
          kernels.narrow(
            input, float16: raw.assumingMemoryBound(to: UInt16.self), count: values.count)
        default: preconditionFailure("\(type.rawValue) is not a type of weights")
        }
      }
    }
  }

  /// What `bytes`, stored as `type`, read back as.
  static func floats(of bytes: [UInt8], as type: ElementType, _ kernels: Kernels) -> [Float] {
    let elements = bytes.count / type.byteCount
    return [Float](unsafeUninitializedCapacity: elements) { buffer, count in
      count = elements
      guard let out = buffer.baseAddress else { return }
      bytes.withUnsafeBytes { raw in
        guard let base = raw.baseAddress else { return }
        type.widen(base, count: elements, into: out, kernels)
      }
    }
  }

  /// The bytes of unsigned integers that fit `type`, U16 or U32.
  static func bytes(of integers: [Int], as type: ElementType) -> [UInt8] {
    integers.flatMap { integer in
      (0..<type.byteCount).map { UInt8(truncatingIfNeeded: integer >> (8 * $0)) }
    }
  }
}

extension RowMatrix {
  /// A copy of the stored bytes.
  var storedBytes: [UInt8] {
    Array(UnsafeRawBufferPointer(start: tensor.base, count: byteCount))
  }
}
