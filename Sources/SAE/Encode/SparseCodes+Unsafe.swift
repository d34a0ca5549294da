extension SparseCodes {
  /// Appends listed features, ascending, with their values `z[feature]`.
  ///
  /// `features` is `[count]`. The arrays grow at most once.
  mutating func append(
    _ features: UnsafePointer<UInt32>, count: Int, valuesIn z: UnsafePointer<Float>
  ) {
    let start = values.count
    features.withMemoryRebound(to: Int32.self, capacity: count) {
      indices.append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
    }
    values.append(contentsOf: repeatElement(0, count: count))
    values.withUnsafeMutableBufferPointer {
      for place in 0..<count { $0[start + place] = z[Int(features[place])] }
    }
  }

  /// Appends listed features, ascending, with their values beside them; both are `[count]`.
  mutating func append(
    _ features: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, count: Int
  ) {
    features.withMemoryRebound(to: Int32.self, capacity: count) {
      indices.append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
    }
    self.values.append(contentsOf: UnsafeBufferPointer(start: values, count: count))
  }
}
