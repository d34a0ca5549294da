import Synchronization
import TestSupport
import Tensors
import Testing

/// Work that counts how often it did each place.
private final class Marking: ParallelWork {
  let total: Int
  /// How often each place was done.
  private let marks: [Mark]
  let parts = Atomic<Int>(0)

  init(total: Int) {
    self.total = total
    marks = (0..<total).map { _ in Mark() }
  }

  func run(part: Int, of count: Int) {
    parts.add(1, ordering: .relaxed)
    for place in Workers.share(of: total, part: part, of: count) {
      marks[place].value.add(1, ordering: .relaxed)
    }
  }

  var counts: [Int] { marks.map { $0.value.load(ordering: .relaxed) } }
}

/// An atomic number that an array can hold.
private final class Mark: Sendable {
  let value = Atomic<Int>(0)
}

@Suite struct WorkersTests {
  @Test(arguments: [0, 1, 2, 3, 7, 64, 1000], [1, 2, 3, 5, 70])
  func sharesCoverEverythingOnce(_ total: Int, _ count: Int) {
    var next = 0
    for part in 0..<count {
      let share = Workers.share(of: total, part: part, of: count)
      #expect(share.lowerBound == next)
      #expect(share.count == total / count || share.count == total / count + 1)
      next = share.upperBound
    }
    #expect(next == total)
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyRoundDoesEverythingOnce(_ count: Int) {
    let workers = Workers(count: count)
    #expect(workers.count == count)
    for round in 1...300 {
      // Often fewer places than workers.
      let work = Marking(total: round % 11)
      workers.run(work)
      #expect(work.counts.allSatisfy { $0 == 1 })
      #expect(work.parts.load(ordering: .relaxed) == count, "round \(round)")
    }
    let again = Marking(total: 100)
    for _ in 0..<50 { workers.run(again) }
    #expect(again.counts.allSatisfy { $0 == 50 })
  }

  @Test(arguments: [1, 2, 3, 8])
  func workThatWasBegunIsDoneWhenItIsFinished(_ count: Int) {
    let workers = Workers(count: count)
    for round in 1...300 {
      let work = Marking(total: round % 11)
      workers.begin(work)
      workers.finish(work)
      #expect(work.counts.allSatisfy { $0 == 1 })
      #expect(work.parts.load(ordering: .relaxed) == count, "round \(round)")
    }
  }

  @Test func othersWorkWhileTheCallerDoesSomethingElse() {
    let workers = Workers(count: 3)
    let work = Marking(total: 3)
    workers.begin(work)
    // Comes to an end only if the others do not wait for the caller.
    while work.parts.load(ordering: .relaxed) < 2 {}
    #expect(work.counts[0] == 0)
    workers.finish(work)
    #expect(work.counts == [1, 1, 1])
  }

  @Test func noThreadKeepsTheWork() {
    let workers = Workers(count: 3)
    for _ in 0..<2000 {
      var work = Marking(total: 3)
      workers.run(work)
      #expect(isKnownUniquelyReferenced(&work))
    }
  }

  @Test func theyEndWhileIdle() {
    for count in 1...4 {
      for isUsed in [false, true] {
        let workers = Workers(count: count)
        if isUsed { workers.run(Marking(total: 3)) }
      }
    }
  }

  /// What a caller writes is seen by its workers, and what they write by the caller.
  @Test func memoryIsSharedInTurns() {
    final class Doubling: ParallelWork {
      let values: Block<Int>
      init(_ values: Block<Int>) { self.values = values }
      func run(part: Int, of count: Int) {
        for place in Workers.share(of: values.count, part: part, of: count) {
          values.start[place] *= 2
        }
      }
    }
    let values = Block<Int>.output(Array(repeating: 1, count: 999))
    let workers = Workers(count: 3)
    let work = Doubling(values)
    for _ in 0..<20 {
      workers.run(work)
      for place in 0..<values.count { values.start[place] += 1 }
    }
    // vₖ₊₁ = 2vₖ + 1 from 1.
    #expect(values.values.allSatisfy { $0 == (1 << 21) - 1 })
    #expect(values.hasIntactGuards)
  }

  @Test func noWorkersAreACallersBug() async {
    await #expect(processExitsWith: .failure) { _ = Workers(count: 0) }
  }
}
