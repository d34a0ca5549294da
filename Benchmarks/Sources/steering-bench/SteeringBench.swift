import Foundation

/// Measures the library through the interfaces that its users call, on request.
///
///     steering-bench serve               answers requests, one JSON object a line
///     steering-bench first-row FOLDER    opens a dictionary, steers one row, prints the seconds
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
      default:
        throw BenchError("usage: steering-bench serve | first-row FOLDER")
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
