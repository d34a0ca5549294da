import SAE

// For dictionaries trained on mean rows of whole turns: Der, Kamath, Thompson 2026, arXiv:2606.28548.
extension SparseDictionary {
  /// Encodes the mean row of every run of equal `ids`: one row of codes per turn, document or paragraph.
  ///
  /// ```
  /// x̄ = (1/|T|) Σ_{t in T} x_t        f = encode(x̄)
  /// ```
  ///
  /// `rows` are `[count, modelWidth]` row-major, `ids` `[count]`. T leaves out the rows that `excluding`,
  /// `[count]`, marks: special tokens and those of the chat template; what they hold is not looked at.
  /// Sums are f64, in the order of the rows. A segment whose rows are all left out is listed with
  /// undefined codes.
  ///
  /// - Throws: `shapeMismatch`; `nonFinite` naming row and column.
  public func encode(
    _ rows: [Float], averagedBy ids: [Int], excluding: [Bool]? = nil
  ) throws(SteeringError) -> SegmentCodes {
    let count = try rowCount(of: rows)
    guard ids.count == count else {
      throw SteeringError(.shapeMismatch, "\(ids.count) ids, expected \(count), one per row")
    }
    guard excluding?.count ?? count == count else {
      throw SteeringError(
        .shapeMismatch,
        "\(excluding?.count ?? 0) marks of excluded rows, expected \(count), one per row")
    }
    let collector = try SegmentCollector(self)
    try collector.add(rows, first: 0, count: count, ids: ids, excluding: excluding)
    try collector.finish()
    return collector.result
  }

  /// The codes of a segment's mean as it stands, one row; the segment goes on.
  ///
  /// - Throws: `shapeMismatch` for a segment of another width; `nonFinite`.
  public func encode(_ segment: SegmentMean) throws(SteeringError) -> SparseCodes {
    do throws(DictionaryError) {
      var codes = SparseCodes(featureCount: featureCount)
      try SegmentEncoder(self).end(segment.fork(), into: &codes)
      return codes
    } catch {
      throw SteeringError(error, in: self)
    }
  }

  /// An empty segment of the width that the dictionary reads, for rows that come one after the other.
  public func makeSegment() -> SegmentMean {
    do throws(DictionaryError) {
      return try SegmentMean(width: modelWidth, kernels: kernels)
    } catch {
      fatalError("a dictionary reads at least one column")
    }
  }
}

extension SegmentMean {
  /// Adds `rows`, `[count, width]` row-major; not those that `excluding`, `[count]`, marks.
  ///
  /// - Throws: `shapeMismatch`; `nonFinite` naming row and column. The mean is then as it was.
  public func add(_ rows: [Float], excluding: [Bool]? = nil) throws(SteeringError) {
    guard rows.count % width == 0 else {
      throw SteeringError(
        .shapeMismatch, "\(rows.count) values, expected a multiple of the row width \(width)")
    }
    let count = rows.count / width
    guard excluding?.count ?? count == count else {
      throw SteeringError(
        .shapeMismatch,
        "\(excluding?.count ?? 0) marks of excluded rows, expected \(count), one per row")
    }
    do throws(DictionaryError) {
      try add(rows, count: count, stride: width, excluding: excluding)
    } catch {
      throw SteeringError(error)
    }
  }

  /// The mean of the rows so far, `[width]`; nil where no row entered it.
  public func mean() -> [Float]? {
    var out = [Float](repeating: 0, count: width)
    return mean(into: &out) ? out : nil
  }
}
