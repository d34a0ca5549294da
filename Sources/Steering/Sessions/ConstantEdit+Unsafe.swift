import Tensors

extension Plan {
  /// The edit of any row, `[width]`, with the bits that a session adds, for a plan whose edit is the
  /// same for all.
  func constantEdit() throws(SteeringError) -> [Float] {
    let session = Session(self)
    let row = FloatBuffer(count: width)
    // A row that is not zero, for normalisations that are undefined for a zero row.
    row.base.update(repeating: 1, count: width)
    _ = try session.prepare(row.base, .f32, measuring: false)
    _ = session.addChange(to: nil, into: row.base)
    return Array(UnsafeBufferPointer(start: row.base, count: width))
  }
}
