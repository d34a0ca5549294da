import CCeilings
import CSteeringLibrary

/// Memory that ceilings are measured on, made once: larger than any cache.
enum CeilingMemory {
  static let bytes = 1 << 30
  // Made once, then read only: any thread may.
  nonisolated(unsafe) private static let base = ceilings_allocate(bytes)

  static func start() throws -> UnsafeMutableRawPointer {
    guard let base else { throw BenchError("no memory for \(bytes) bytes") }
    return base
  }
}

/// Reads a stretch of memory as fast as the machine can.
///
/// One run reads `bytes`, from another place each time where they are few enough for a cache but the
/// cache is not what is asked about; more bytes than there are in ``CeilingMemory`` are scaled.
final class StreamCeiling: Operation {
  private let memory: UnsafeMutableRawPointer
  private let bytes: Int
  private let threads: Int
  private let passes: Int
  private let streams: Int
  private let scale: Double
  private var offset = 0
  let callsPerRun = 1

  init(_ request: OperationRequest) throws {
    let memory = try CeilingMemory.start()
    let wanted = try request.need(\.bytes, "bytes")
    let bytes = min(wanted, CeilingMemory.bytes)
    let threads = request.threads ?? 1
    self.memory = memory
    self.bytes = bytes
    self.threads = threads
    scale = Double(wanted) / Double(bytes)
    // Many passes over what a cache holds; one over what none does.
    let passes = bytes >= 32 << 20 ? 1 : max(1, (64 << 20) / bytes)
    self.passes = passes
    let candidates = [1, 2, 4, 8, 16].map { streams in
      let times = (0..<3).map { _ in
        ceilings_read(memory, min(bytes, 256 << 20), passes, Int32(streams), Int32(threads))
      }
      return (streams, times.min() ?? .infinity)
    }
    streams = candidates.min { $0.1 < $1.1 }?.0 ?? 1
  }

  var info: [String: Double] { ["streams": Double(streams), "bytes": Double(bytes) * scale] }

  func reset() {
    guard passes == 1 else { return }
    offset = offset + 2 * bytes <= CeilingMemory.bytes ? offset + bytes : 0
  }

  func run() throws {}

  func samples(seconds: Double, minimum: Int) throws -> [Double] {
    var samples: [Double] = []
    let end = ceilings_now() + seconds
    while samples.count < minimum || ceilings_now() < end {
      reset()
      let time = ceilings_read(memory + offset, bytes, passes, Int32(streams), Int32(threads))
      samples.append(time * scale / Double(passes))
    }
    return samples
  }
}

/// Reads `batch` rows of `bytes` each that lie apart, hot or, with `plans`, others each time.
final class RowCeiling: Operation {
  private let memory: UnsafeMutableRawPointer
  private let bytes: Int
  private let rows: Int
  private let places: Int
  private var turn = 0
  let callsPerRun = 16

  init(_ request: OperationRequest) throws {
    memory = try CeilingMemory.start()
    bytes = try request.need(\.bytes, "bytes")
    rows = request.batch ?? 1
    places = rows * (request.plans ?? 1)
    guard places * bytes <= CeilingMemory.bytes else { throw BenchError("too many places") }
  }

  func reset() { turn += 1 }

  func run() throws {
    for call in 0..<callsPerRun {
      for row in 0..<rows {
        // A stride prime to the count visits all places in an order that no prefetcher follows.
        let place = ((turn * callsPerRun + call) * rows + row) * 7919 % places
        ceilings_read_here(memory + place * bytes, bytes)
      }
    }
  }
}

/// Operations per second in registers; a sample is the seconds for 10⁹ of them.
final class ArithmeticCeiling: Operation {
  private let isFloat: Bool
  private let threads: Int32
  let callsPerRun = 1

  init(_ request: OperationRequest) throws {
    isFloat = request.name == "fma"
    threads = Int32(request.threads ?? 1)
    guard isFloat || ceilings_dot_i8(0.001, 1) > 0 else {
      throw BenchError("no int8 dot product on this processor")
    }
  }

  func run() throws {}

  func samples(seconds: Double, minimum: Int) throws -> [Double] {
    let count = max(minimum, 3)
    return (0..<count).map { _ in
      let each = max(seconds / Double(count), 0.01)
      return 1e9 / (isFloat ? ceilings_fma_f32(each, threads) : ceilings_dot_i8(each, threads))
    }
  }
}

/// OpenBLAS' own product of `batch` rows with an encoder, without any selection.
final class ProductCeiling: Operation {
  private let encoder: UnsafePointer<Float>
  private let rows: Block<Float>
  private let out: Block<Float>
  private let n: Int
  private let d: Int
  private let batch: Int
  private let threads: Int32
  let callsPerRun = 1

  init(_ request: OperationRequest) throws {
    try Self.open()
    n = try request.need(\.n, "n")
    d = try request.need(\.d, "d")
    batch = request.batch ?? 1
    threads = Int32(request.threads ?? 1)
    guard 4 * n * d <= CeilingMemory.bytes else { throw BenchError("the encoder is too large") }
    encoder = UnsafePointer(
      try CeilingMemory.start().assumingMemoryBound(to: Float.self))
    rows = Block(count: batch * d, of: 0.5)
    out = Block(count: batch * n, of: 0)
  }

  func run() throws {
    ceilings_blas_encode(encoder, rows.base, out.base, batch, n, d, threads)
  }

  static func description() throws -> [String: String] {
    try open()
    return [
      "kernels": String(cString: ceilings_blas_core()),
      "config": String(cString: ceilings_blas_config()),
    ]
  }

  private static func open() throws {
    if let problem = ceilings_blas_open() { throw BenchError(String(cString: problem)) }
  }
}
