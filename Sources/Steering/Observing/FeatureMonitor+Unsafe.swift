import Detector
import SAE
import Tensors

/// Watches the residual rows of one stream with a detector, token by token.
///
/// A row is masked by the detector's own rule, as a stored document's rows are: special by the caller's mark,
/// or else where it is the stream's first; a sink by its norm, summed in f64. Activations are those of a full
/// encode, bit for bit, so the score of a stream is that of its document. One thread at a time.
public final class FeatureMonitor {
  /// What it watches for, and on which dictionary.
  public let streams: StreamDetector
  /// Width of the rows that it reads.
  public var width: Int { input.count }
  /// Tokens so far, by use.
  public var tokens: TokenCounts { monitor.tokens }

  private let monitor: Monitor
  private let scratch: SelectiveEncoder.Scratch
  private let input: FloatBuffer
  // Exclusive access to the state below is not checked at run time: a monitor belongs to one thread at a
  // time, and no code of a caller runs while it is read or changed.

  /// Activations of the rows that are staged, `[pending.count, features]`, with room for more.
  @exclusivity(unchecked)
  private var staged: FloatBuffer
  @exclusivity(unchecked)
  private var stagedUses: ContiguousArray<TokenUse>
  @exclusivity(unchecked)
  private var stagedCount = 0

  /// The session that shows it rows; nil for none. Sessions clear it when they let go of the monitor.
  @exclusivity(unchecked)
  var owner: ObjectIdentifier?

  /// A monitor of an empty stream.
  public init(_ streams: StreamDetector) {
    self.streams = streams
    monitor = Monitor(streams.streams)
    scratch = SelectiveEncoder.Scratch(for: streams.encoder)
    input = FloatBuffer(count: streams.dictionary.modelWidth)
    staged = FloatBuffer(count: streams.monitoredFeatures.count)
    // Not a literal: that would be constant memory, copied by the first write to it.
    stagedUses = ContiguousArray(repeating: .kept, count: 1)
  }

  /// A monitor of an empty stream, for one stream alone.
  ///
  /// - Throws: As ``StreamDetector``.
  public convenience init(
    _ detector: FittedDetector, _ dictionary: SparseDictionary
  ) throws(SteeringError) {
    self.init(try StreamDetector(detector, dictionary))
  }

  /// Takes the next row of the stream, `[modelWidth]`.
  ///
  /// Allocates nothing.
  /// - Parameter isSpecial: Whether the row is that of BOS or its kind; nil for the first row alone.
  /// - Throws: `shapeMismatch`; `nonFinite` for a row, or activations, that are not finite. The stream is
  ///   then as it was.
  public func observe(_ row: Span<Float>, isSpecial: Bool? = nil) throws(SteeringError) {
    guard row.count == input.count else {
      throw SteeringError(DictionaryError(.width(found: row.count, expected: input.count)))
    }
    let result = unsafe row.withUnsafeBufferPointer { buffer in
      Result { () throws(SteeringError) -> Void in
        guard let base = buffer.baseAddress else { return }
        try stage(UnsafeRawPointer(base), .f32, isSpecial: isSpecial, row: monitor.tokens.all)
      }
    }
    try result.get()
    commit()
  }

  /// What can be said of the stream so far; rates as ``Monitor/verdict(rate:)``.
  public func verdict(rate: Double = Verdict.defaultRate) -> StreamVerdict {
    monitor.verdict(rate: rate)
  }

  /// What can be said of one structure; allocates nothing.
  public func finding(
    ofStructure structure: Int, rate: Double = Verdict.defaultRate
  ) -> StreamFinding {
    monitor.finding(ofStructure: structure, rate: rate)
  }

  /// Starts another stream; allocates nothing.
  public func reset() {
    monitor.reset()
    stagedCount = 0
  }

  /// A monitor in the same state: for a beam, or a copied cache of keys and values.
  public func fork() -> FeatureMonitor {
    let copy = FeatureMonitor(streams)
    copy.assign(from: self)
    return copy
  }

  /// Takes over the state of another monitor of the same ``StreamDetector``; allocates nothing.
  public func assign(from other: FeatureMonitor) {
    precondition(other.streams === streams, "monitors of different detectors")
    monitor.assign(from: other.monitor)
    stagedCount = 0
  }

  /// Encodes a row without telling the stream of it yet.
  ///
  /// - Parameter row: Names it in errors.
  func stage(
    _ address: UnsafeRawPointer, _ type: ElementType, isSpecial: Bool?, row: Int
  ) throws(SteeringError) {
    let width = input.count
    let dictionary = streams.dictionary
    var x = UnsafePointer(input.base)
    if type == .f32 {
      x = address.assumingMemoryBound(to: Float.self)
    } else {
      type.widen(address, count: width, into: input.base, dictionary.kernels)
    }
    let count = streams.encoder.features.count
    if stagedCount == stagedUses.count { grow() }
    let isDefined: Bool
    do throws(DictionaryError) {
      isDefined =
        try streams.encoder.read(x, into: staged.base + stagedCount * count, row: row, scratch)
        != nil
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    let masking = streams.detector.masking
    let isFirst = monitor.tokens.all + stagedCount == 0
    var use = masking.use(
      isSpecial: isSpecial ?? isFirst, norm: masking.sinkNorm == nil ? nil : norm(x, width))
    if use == .kept, !isDefined { use = .undefined }
    stagedUses[stagedCount] = use
    stagedCount += 1
  }

  /// Tells the stream of all staged rows, in their order.
  func commit() {
    let count = streams.encoder.features.count
    for row in 0..<stagedCount {
      let values = UnsafeBufferPointer(start: staged.base + row * count, count: count)
      unsafe monitor.observe(values.span, use: stagedUses[row])
    }
    stagedCount = 0
  }

  /// Forgets the staged rows.
  func discard() { stagedCount = 0 }

  private func grow() {
    let count = streams.encoder.features.count
    let larger = FloatBuffer(count: 2 * stagedUses.count * count)
    larger.base.update(from: staged.base, count: stagedCount * count)
    staged = larger
    stagedUses.append(contentsOf: repeatElement(.kept, count: stagedUses.count))
  }

  /// √Σ x² in f64, in the order that stored rows are summed in.
  private func norm(_ x: UnsafePointer<Float>, _ width: Int) -> Double {
    var sum = 0.0
    for column in 0..<width { sum += Double(x[column]) * Double(x[column]) }
    return sum.squareRoot()
  }
}

extension RowBatch {
  /// Shows each row to the monitor of its stream, nil for none: all rows, or none where one is refused.
  ///
  /// Allocates only when a monitor has more rows than in every call before.
  package func observe(
    monitor: (Int) -> Unmanaged<FeatureMonitor>?, isSpecial: (Int) -> Bool?
  ) throws(Failure) {
    for index in 0..<count {
      guard let current = monitor(index) else { continue }
      let result = current._withUnsafeGuaranteedRef { monitor in
        Result { () throws(SteeringError) -> Void in
          try monitor.stage(
            row(index), elementType, isSpecial: isSpecial(index), row: index)
        }
      }
      guard case .failure(let error) = result else { continue }
      for place in 0...index { monitor(place)?._withUnsafeGuaranteedRef { $0.discard() } }
      throw Failure(row: index, error: error)
    }
    for index in 0..<count {
      monitor(index)?._withUnsafeGuaranteedRef { $0.commit() }
    }
  }
}
