import CCeilings
import CSteeringLibrary
import Foundation

/// Answers requests until the input ends, one line for each.
final class Server {
  private var operations: [String: any Operation] = [:]
  private let dictionaries = OpenDictionaries()
  private let decoder = JSONDecoder()
  private let encoder = JSONEncoder()

  func run() throws {
    while let line = readLine() {
      var reply: Reply
      do {
        reply = try answer(try decoder.decode(Request.self, from: Data(line.utf8)))
      } catch {
        reply = Reply(ok: false, error: "\(error)")
      }
      // Not print, which may keep lines back.
      try FileHandle.standardOutput.write(contentsOf: try encoder.encode(reply) + [0x0A])
    }
  }

  private func answer(_ request: Request) throws -> Reply {
    let slot = request.slot ?? ""
    switch request.verb {
    case .describe: return Reply(texts: try Library.description())
    case .blas: return Reply(texts: try ProductCeiling.description())
    case .prepare:
      guard let wanted = request.operation else { throw BenchError("no operation") }
      operations[slot] = nil
      let made = try Operations.make(wanted, dictionaries)
      made.reset()
      try made.run()
      operations[slot] = made
      return Reply(info: made.info)
    case .measure:
      return Reply(
        samples: try prepared(slot).samples(
          seconds: request.seconds ?? 0.1, minimum: request.minimum ?? 1))
    case .peak:
      guard let wanted = request.operation else { throw BenchError("no operation") }
      // Not prepared: that would run the batch, and leave resident what it takes.
      return try PeakMemory.of(try EncodingOperation(wanted, dictionaries))
    case .release:
      operations = [:]
      dictionaries.close()
      return Reply()
    }
  }

  private func prepared(_ slot: String) throws -> any Operation {
    guard let operation = operations[slot] else { throw BenchError("nothing is prepared") }
    return operation
  }
}
