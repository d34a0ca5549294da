import SAE
import Tensors

/// One pass over a file of rows: every row encoded, decoded and compared; nothing but sums is kept.
struct VerificationPass {
  var all: VerificationFit
  var ordinary: VerificationFit
  var activeCounts = ActiveCounts()
  /// Rows on which each feature is active, of the judged rows.
  var firingCounts: [Int] = []
  var judgedCount = 0
  var undefinedCount = 0

  init(
    _ activations: Activations, targets: Activations?, with dictionary: SparseDictionary,
    _ rows: OrdinaryRows, judgesAll: Bool, progress: (Int, Int) -> Void
  ) throws(SteeringError) {
    let encoder = try dictionary.makeEncoder()
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let width = activations.width
    let targetWidth = targets?.width ?? dictionary.outputWidth
    let compares = targets != nil || dictionary.kind == .autoencoder
    let step = 256
    let estimate = FloatBuffer(count: dictionary.outputWidth)
    let targetRows = FloatBuffer(count: targets == nil ? 0 : step * targetWidth)
    let targetBytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, targets.map { step * $0.file.rowByteCount } ?? 0), alignment: 64)
    defer { targetBytes.deallocate() }
    var codes = SparseCodes(featureCount: dictionary.featureCount)
    let empty = ReconstructionStatistics(
      featureCount: dictionary.featureCount, width: targetWidth)
    var all = empty
    var plain = empty
    var counts = ActiveCounts()
    var undefined = 0
    try activations.forEachChunk { first, count, values throws(SteeringError) in
      var done = 0
      while done < count {
        let taken = min(step, count - done)
        let start = first + done
        codes.removeAll()
        do throws(DictionaryError) {
          try encoder.encode(values + done * width, count: taken, stride: width, into: &codes)
        } catch {
          throw SteeringError(error.movedDown(by: start)).inFile(activations.path)
        }
        if let targets, let base = targetBytes.baseAddress {
          try targets.read(start..<(start + taken), into: targetBytes)
          targets.elementType.widen(
            base, count: taken * targetWidth, into: targetRows.base, .best)
          let bad = Kernels.best.firstNonfinite(targetRows.base, count: taken * targetWidth)
          guard bad == taken * targetWidth else {
            throw SteeringError(
              DictionaryError(
                .nonFiniteInput(row: start + bad / targetWidth, column: bad % targetWidth))
            ).inFile(targets.path)
          }
        }
        for row in 0..<taken {
          guard !codes.isUndefined(row: row) else {
            undefined += 1
            continue
          }
          let x = values + (done + row) * width
          if compares {
            do throws(DictionaryError) {
              try reconstructor.decode(
                codes, row: row, of: x, includingSkip: true, into: estimate.base)
            } catch {
              throw SteeringError(error.movedDown(by: start)).inFile(activations.path)
            }
          }
          let target =
            targets == nil ? x : UnsafePointer(targetRows.base + row * targetWidth)
          let reconstruction = compares ? UnsafePointer(estimate.base) : nil
          all.add(target, codes: codes, row: row, reconstruction: reconstruction)
          let isOrdinary = rows.isOrdinary[start + row]
          if isOrdinary {
            plain.add(target, codes: codes, row: row, reconstruction: reconstruction)
          }
          if isOrdinary || judgesAll { counts.add(codes.range(ofRow: row).count) }
        }
        done += taken
        progress(first + done, activations.rowCount)
      }
    }
    try targets?.checkUnchanged()
    let judged = judgesAll ? all : plain
    self.all = VerificationFit(all)
    ordinary = VerificationFit(plain)
    activeCounts = counts
    firingCounts = judged.firingCounts
    judgedCount = judged.rowCount
    undefinedCount = undefined
  }
}
