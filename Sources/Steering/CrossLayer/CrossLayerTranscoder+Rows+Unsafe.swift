import SAE
import Tensors

// Whole arrays in, whole arrays out: for scripts and tests.
extension CrossLayerTranscoder {
  /// Encodes `rows` that layer `layer` reads, `[count, modelWidth]` row-major.
  ///
  /// - Throws: `unsupportedDictionary` for a layer that is not there; `shapeMismatch`; `nonFinite` naming
  ///   row and column.
  /// - Complexity: O(count · featureCounts[layer] · modelWidth).
  public func encode(_ rows: [Float], layer: Int) throws(SteeringError) -> SparseCodes {
    let count = try rowCount(of: rows)
    do throws(DictionaryError) {
      return try encode(layer: layer, rows, count: count, stride: modelWidth)
    } catch {
      throw SteeringError(error)
    }
  }

  /// What layer `target` is predicted to write, `[count, outputWidth]` row-major.
  ///
  /// `codes` are those of layers 0 to `target` at least, all of the same rows. `rows`
  /// `[count, modelWidth]`, which the target layer reads, add its linear path where there is one; nil
  /// leaves that path out. NaN where one of the codes is undefined.
  ///
  /// - Throws: `unsupportedDictionary` for a layer that is not there; `shapeMismatch`; `nonFinite` naming
  ///   the weight.
  public func decode(
    _ codes: [SparseCodes], target: Int, of rows: [Float]? = nil
  ) throws(SteeringError) -> [Float] {
    let count = codes.first?.rowCount ?? 0
    guard codes.allSatisfy({ $0.rowCount == count }) else {
      throw SteeringError(
        .shapeMismatch, "codes of \(codes.map(\.rowCount)) rows, expected as many for each layer")
    }
    if let rows {
      let found = try rowCount(of: rows)
      guard found == count else {
        throw SteeringError(.shapeMismatch, "\(found) rows, expected \(count), those of the codes")
      }
    }
    let reconstructor = CrossLayerReconstructor(self)
    let input = rows.map { StoredArray($0) }
    let out = FloatBuffer(count: outputWidth)
    var all: [Float] = []
    all.reserveCapacity(count * outputWidth)
    do throws(DictionaryError) {
      try checkLayer(target, "target layer")
      for row in 0..<count {
        let x = input?.base.map { $0 + row * modelWidth }
        try reconstructor.decode(target: target, codes: codes, row: row, of: x, into: out.base)
        for index in 0..<outputWidth { all.append(out[index]) }
      }
    } catch {
      throw SteeringError(error)
    }
    return all
  }

  private func rowCount(of rows: [Float]) throws(SteeringError) -> Int {
    guard rows.count % modelWidth == 0 else {
      throw SteeringError(
        .shapeMismatch, "\(rows.count) values, expected a multiple of the row width \(modelWidth)")
    }
    return rows.count / modelWidth
  }
}
