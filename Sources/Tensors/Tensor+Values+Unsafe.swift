extension ElementType {
  /// Writes `count` elements at `source`, any alignment, widened (f64: rounded) to f32, to `out`.
  package func widen(
    _ source: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>,
    _ kernels: Kernels
  ) {
    switch self {
    case .f32: UnsafeMutableRawPointer(out).copyMemory(from: source, byteCount: count * 4)
    case .bf16:
      kernels.widen(
        bfloat16: source.assumingMemoryBound(to: UInt16.self), into: out, count: count)
    case .f16:
      kernels.widen(float16: source.assumingMemoryBound(to: UInt16.self), into: out, count: count)
    case .f64:
      for index in 0..<count {
        out[index] = Float(source.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
      }
    default: preconditionFailure("\(rawValue) is not a computable type")
    }
  }
}

extension Tensor {
  /// Address of element 0.
  package var base: UnsafeRawPointer { storage.base + byteOffset }

  /// All elements widened or rounded to f32, or nil when the type is not a computable float.
  package func floats(_ kernels: Kernels) -> [Float]? {
    guard elementType.isComputable else { return nil }
    storage.willRead(byteOffset..<(byteOffset + byteCount))
    return [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
      count = elementCount
      guard let out = buffer.baseAddress else { return }
      widen(from: 0, count: elementCount, into: out, kernels)
    }
  }

  /// Writes elements `start ..< start + count`, widened (f64: rounded) to f32, to `out`.
  package func widen(
    from start: Int, count: Int, into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    assert(start >= 0 && count >= 0 && start + count <= elementCount)
    elementType.widen(base + start * elementType.byteCount, count: count, into: out, kernels)
  }

  /// All elements as f64, or nil when the type is not a computable float.
  package func doubles(_ kernels: Kernels) -> [Double]? {
    if elementType == .f64 {
      return (0..<elementCount).map { base.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
    }
    return floats(kernels)?.map(Double.init)
  }

  /// All elements as integers, or nil when the type is not an integer (or does not fit in `Int`).
  package func integers() -> [Int]? {
    func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int]? {
      var values: [Int] = []
      values.reserveCapacity(elementCount)
      for index in 0..<elementCount {
        let raw = base.loadUnaligned(fromByteOffset: index * elementType.byteCount, as: T.self)
        guard let value = Int(exactly: T(littleEndian: raw)) else { return nil }
        values.append(value)
      }
      return values
    }
    switch elementType {
    case .bool, .u8: return load(UInt8.self)
    case .i8: return load(Int8.self)
    case .u16: return load(UInt16.self)
    case .i16: return load(Int16.self)
    case .u32: return load(UInt32.self)
    case .i32: return load(Int32.self)
    case .u64: return load(UInt64.self)
    case .i64: return load(Int64.self)
    default: return nil
    }
  }

  /// Element `index` as an integer, or nil when the type is not an integer (or does not fit in `Int`).
  package func integer(_ index: Int) -> Int? {
    precondition(index >= 0 && index < elementCount, "element out of range")
    let one = Tensor(
      elementType, shape: [], storage: storage,
      byteOffset: byteOffset + index * elementType.byteCount)
    return one.integers()?.first
  }
}
