import Glibc

/// Work in parts that may run at once.
package protocol ParallelWork: AnyObject {
  /// Does part `part` of `count`; different parts must not write the same memory.
  func run(part: Int, of count: Int)
}

/// Threads that a caller asked for, which wait between the pieces of work that they share.
///
/// The calling thread does part 0; one worker is the caller alone, without any thread. Waiting threads
/// sleep: a host's other threads get the processors. Signals are blocked in them, and their arithmetic
/// rounds and flushes as the caller's does, so that parts agree. Ending waits for
/// them to finish. A child process of `fork` has none of them: there the caller does every part.
///
/// Not Sendable: one caller at a time. ``run(_:)``, ``begin(_:)`` and ``finish(_:)`` allocate
/// nothing.
package final class Workers {
  /// Threads that share the work, the caller included.
  package let count: Int
  private let shared: Unmanaged<Shared>?
  private var threads: [pthread_t] = []
  /// The process that has the threads.
  private let owner = getpid()

  /// As many as asked for or, where the system refuses to start more threads, as many as it allowed.
  package init(count: Int = 1) {
    precondition(count >= 1, "at least the caller works")
    guard count > 1 else {
      self.count = 1
      shared = nil
      return
    }
    let made = Unmanaged.passRetained(Shared())
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_BLOCK, &every, &before)
    for part in 1..<count {
      let start = Unmanaged.passRetained(Start(shared: made.takeUnretainedValue(), part: part))
      var thread = pthread_t()
      guard pthread_create(&thread, nil, serve, start.toOpaque()) == 0 else {
        start.release()
        break
      }
      threads.append(thread)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    self.count = threads.count + 1
    shared = made
    made.takeUnretainedValue().count = threads.count + 1
  }

  deinit {
    // The lock of another process may be held for ever, and its threads are not here: leave both.
    guard let shared, getpid() == owner else { return }
    shared.takeUnretainedValue().stop()
    for thread in threads { pthread_join(thread, nil) }
    shared.release()
  }

  /// Runs every part of `work` and returns when all are done.
  package func run(_ work: any ParallelWork) {
    begin(work)
    finish(work)
  }

  /// Lets the other threads begin their parts of `work` and returns at once.
  ///
  /// ``finish(_:)`` with the same work must follow before anything else is begun, and before this object
  /// ends. Without other threads nothing happens until then.
  package func begin(_ work: any ParallelWork) {
    guard let shared, count > 1, getpid() == owner else { return }
    shared._withUnsafeGuaranteedRef { $0.begin(work) }
  }

  /// Does the caller's part of work that was begun, and returns when all parts are done.
  package func finish(_ work: any ParallelWork) {
    guard let shared, count > 1 else { return work.run(part: 0, of: 1) }
    guard getpid() == owner else {
      for part in 0..<count { work.run(part: part, of: count) }
      return
    }
    shared._withUnsafeGuaranteedRef { shared in
      work.run(part: 0, of: shared.count)
      shared.waitForAll()
    }
  }

  /// The places of `total` that belong to part `part` of `count`: in order, of nearly equal size.
  package static func share(of total: Int, part: Int, of count: Int) -> Range<Int> {
    let start = total / count * part + min(part, total % count)
    return start..<(start + total / count + (part < total % count ? 1 : 0))
  }
}

/// What the threads and their caller share, under one lock.
///
/// `@unchecked Sendable`: every field but the constant lock and conditions is read and written with the
/// lock held; `count` is set before the first work begins.
private final class Shared: @unchecked Sendable {
  var count = 1
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let begun = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let ended = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var running: (any ParallelWork)?
  private var round = 0
  private var unfinished = 0
  private var isStopping = false
  /// How the caller's arithmetic rounds, and whether it flushes subnormals.
  private var arithmetic = fenv_t()

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(begun, nil)
    pthread_cond_init(ended, nil)
  }

  deinit {
    pthread_cond_destroy(ended)
    pthread_cond_destroy(begun)
    pthread_mutex_destroy(lock)
    ended.deallocate()
    begun.deallocate()
    lock.deallocate()
  }

  func begin(_ work: any ParallelWork) {
    pthread_mutex_lock(lock)
    running = work
    fegetenv(&arithmetic)
    round += 1
    unfinished = count - 1
    pthread_cond_broadcast(begun)
    pthread_mutex_unlock(lock)
  }

  func waitForAll() {
    pthread_mutex_lock(lock)
    while unfinished > 0 { pthread_cond_wait(ended, lock) }
    running = nil
    pthread_mutex_unlock(lock)
  }

  func stop() {
    pthread_mutex_lock(lock)
    isStopping = true
    pthread_cond_broadcast(begun)
    pthread_mutex_unlock(lock)
  }

  /// Takes part in every round until told to stop.
  func serve(part: Int) {
    var last = 0
    while true {
      pthread_mutex_lock(lock)
      while round == last, !isStopping { pthread_cond_wait(begun, lock) }
      last = round
      var work = running
      fesetenv(&arithmetic)
      let parts = count
      let isOver = isStopping
      pthread_mutex_unlock(lock)
      if isOver { return }
      work?.run(part: part, of: parts)
      // Given back before the caller may go on: were the last reference to the work here, it would end
      // on this thread, which cannot wait for itself.
      work = nil
      pthread_mutex_lock(lock)
      unfinished -= 1
      if unfinished == 0 { pthread_cond_signal(ended) }
      pthread_mutex_unlock(lock)
    }
  }
}

private final class Start {
  let shared: Shared
  let part: Int

  init(shared: Shared, part: Int) {
    self.shared = shared
    self.part = part
  }
}

private func serve(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
  start.shared.serve(part: start.part)
  return nil
}
