import Foundation
import Importers
import SAE
import Steering

/// Measures the library through the interfaces that its users call, on request.
///
///     steering-bench serve               answers requests, one JSON object a line
///     steering-bench first-row FOLDER    opens a dictionary, steers one row, prints the seconds
///     steering-bench convert FROM TO     writes a dictionary in the native form
///
/// A driver starts one of these beside the peers and lets them take turns, so that every comparison is
/// between measurements of the same minute.
@main
enum SteeringBench {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    do {
      switch (arguments.first, arguments.count) {
      case ("serve", 1): try Server().run()
      case ("first-row", 2):
        print(try OpeningOperation.firstRow(arguments[arguments.startIndex + 1]))
      case ("convert", 3):
        let paths = Array(arguments.dropFirst())
        _ = try SparseDictionary.open(paths[0]).write(to: paths[1], as: .native)
      default:
        throw BenchError("usage: steering-bench serve | first-row FOLDER | convert FROM TO")
      }
    } catch {
      FileHandle.standardError.write(Data("steering-bench: \(error)\n".utf8))
      exit(1)
    }
  }
}

/// Something that cannot be measured, in words.
struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
