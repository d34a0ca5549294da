import Synchronization
import Tensors
import Testing

@Suite struct WorkersTests {
  /// Adds up numbers, a part in each thread.
  private final class Sum: ParallelWork {
    let numbers: Range<Int>
    let total = Atomic(0)
    let runs = Atomic(0)

    init(_ numbers: Range<Int>) { self.numbers = numbers }

    func run(part: Int, of count: Int) {
      let share = Workers.share(of: numbers.count, part: part, of: count)
      total.add(share.reduce(0) { $0 + numbers[numbers.startIndex + $1] }, ordering: .relaxed)
      runs.add(1, ordering: .relaxed)
    }
  }

  @Test func sharesAreInOrderAndEqual() {
    for total in [0, 1, 2, 5, 17, 1000] {
      for count in 1...9 {
        let shares = (0..<count).map { Workers.share(of: total, part: $0, of: count) }
        #expect(shares.flatMap { Array($0) } == Array(0..<total))
        let sizes = shares.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func everyPartRunsOnce(_ count: Int) {
    let workers = Workers(count: count)
    #expect(workers.count == count)
    for round in 0..<300 {
      let sum = Sum(round..<(round + 100))
      workers.run(sum)
      #expect(sum.total.load(ordering: .relaxed) == (round..<(round + 100)).reduce(0, +))
      #expect(sum.runs.load(ordering: .relaxed) == count)
    }
  }

  /// A thread that kept the last reference would end what it works for, its own owner included.
  @Test func noThreadKeepsTheWork() {
    let workers = Workers(count: 3)
    for _ in 0..<2000 {
      var sum = Sum(0..<10)
      workers.run(sum)
      #expect(isKnownUniquelyReferenced(&sum))
    }
  }

  @Test func endingWithoutWorkIsFine() {
    for count in 1...4 {
      let workers = Workers(count: count)
      #expect(workers.count == count)
    }
  }

  @Test func noWorkersAtAllAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = Workers(count: 0) }
  }
}
