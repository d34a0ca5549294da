import Tensors

// Decisions that full and selective encoding must take alike, bit for bit.

/// The place of the largest of `count` values; ties: the lower one.
func groupWinner(_ z: UnsafePointer<Float>, _ count: Int) -> Int {
  var winner = 0
  for offset in 1..<max(count, 1) where z[offset] > z[winner] { winner = offset }
  return winner
}

/// ‖z‖₂ of one block, summed in f64 and rounded once; infinite where it leaves f32.
func blockScore(_ z: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum = 0.0
  for offset in 0..<count { sum += Double(z[offset]) * Double(z[offset]) }
  return Float(sum.squareRoot())
}

extension SparseDictionary {
  /// Divides the activations that were listed from `start` on by ‖Dᵢ‖ and drops what becomes 0.
  func divideByNorms(
    _ codes: inout SparseCodes, from start: Int, row: Int
  ) throws(DictionaryError) {
    var end = start
    for place in start..<codes.values.count {
      let feature = codes.indices[place]
      let value = codes.values[place] / decoderNorms[Int(feature)]
      guard value.isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
      guard value != 0 else { continue }
      codes.indices[end] = feature
      codes.values[end] = value
      end += 1
    }
    codes.indices.removeSubrange(end...)
    codes.values.removeSubrange(end...)
  }
}
