import CCeilings

/// Something whose time is taken: `reset` is not timed, `run` is.
protocol Operation: AnyObject {
  /// Calls in one run, among which its time is divided.
  var callsPerRun: Int { get }
  /// Numbers about the operation, known after its first run.
  var info: [String: Double] { get }
  /// Puts inputs back as they were before the last run.
  func reset()
  func run() throws
  /// Seconds for one call, one value for each run, for `seconds` and at least `minimum` runs.
  func samples(seconds: Double, minimum: Int) throws -> [Double]
}

extension Operation {
  var callsPerRun: Int { 1 }
  var info: [String: Double] { [:] }
  func reset() {}

  func samples(seconds: Double, minimum: Int) throws -> [Double] {
    let most = 4000
    var samples: [Double] = []
    samples.reserveCapacity(most)
    let end = ceilings_now() + seconds
    while samples.count < most {
      reset()
      let start = ceilings_now()
      try run()
      let now = ceilings_now()
      samples.append((now - start) / Double(callsPerRun))
      if now >= end, samples.count >= minimum { break }
    }
    return samples
  }
}

/// Every operation by its name.
enum Operations {
  static func make(
    _ request: OperationRequest, _ dictionaries: OpenDictionaries
  ) throws -> any Operation {
    switch request.name {
    case "encode": try EncodingOperation(request, dictionaries)
    case "decode": try DecodingOperation(request)
    case "encode-decode":
      try OperationSequence([EncodingOperation(request, dictionaries), DecodingOperation(request)])
    case "apply": try ApplyingOperation(request, dictionaries)
    case "read": try ReadingOperation(request, dictionaries)
    case "open": try OpeningOperation(request)
    case "stream": try StreamCeiling(request)
    case "rows": try RowCeiling(request)
    case "fma", "dot": try ArithmeticCeiling(request)
    case "sgemm": try ProductCeiling(request)
    default: throw BenchError("unknown operation '\(request.name)'")
    }
  }
}

/// Operations one after the other, as one.
final class OperationSequence: Operation {
  private let parts: [any Operation]

  init(_ parts: [any Operation]) { self.parts = parts }

  var info: [String: Double] {
    parts.reduce(into: [:]) { all, part in all.merge(part.info) { first, _ in first } }
  }

  func reset() {
    for part in parts { part.reset() }
  }

  func run() throws {
    for part in parts { try part.run() }
  }
}

extension OperationRequest {
  /// A field that the operation cannot do without.
  func need<Value>(_ field: KeyPath<OperationRequest, Value?>, _ label: String) throws -> Value {
    guard let value = self[keyPath: field] else {
      throw BenchError("operation '\(name)' needs '\(label)'")
    }
    return value
  }
}
