import Foundation

/// Time and page faults since it was made.
struct Stopwatch {
  private let start = ContinuousClock.now
  private let faults = Stopwatch.pageFaults()

  var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// Pages that were brought in since then, from memory or disk.
  var pageFaults: Int { Stopwatch.pageFaults() - faults }

  private static func pageFaults() -> Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return usage.ru_minflt + usage.ru_majflt
  }
}
