import ArgumentParser
import SAE

/// What `--threads` takes.
enum Threads {
  /// Refuses a number that the library does not take; none is its default.
  static func check(_ threads: Int?) throws {
    let counts = EncodeOptions.workerCounts
    guard let threads, !counts.contains(threads) else { return }
    throw ValidationError(
      "--threads is \(threads), expected \(counts.lowerBound) to"
        + " \(Figures.count(counts.upperBound))")
  }
}
