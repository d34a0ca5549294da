import Glibc
import Tensors

/// A regular file, mapped read-only as a whole.
///
/// The mapping belongs to ``storage`` and outlives this object as long as anything borrows from it.
/// Another process can still change the file: bytes read later are then the new ones, and reading
/// past a new, shorter end kills the process (SIGBUS). Readers therefore copy what they validate,
/// and long streams call ``checkUnchanged()`` between blocks, which narrows the window without
/// closing it.
///
/// Thread rule: immutable; every method may be called concurrently.
package final class MappedFile: Sendable {
  package let path: String
  package let storage: Storage
  /// The file as it was when it was opened.
  package let identity: FileIdentity
  private let descriptor: Int32

  package var byteCount: Int { identity.byteCount }

  private init(path: String, storage: Storage, identity: FileIdentity, descriptor: Int32) {
    self.path = path
    self.storage = storage
    self.identity = identity
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens and maps the regular file at `path`; it may be empty.
  ///
  /// - Throws: `invalidFileName`, `systemCall`, `notARegularFile`, with the path.
  package static func open(_ path: String) throws(FormatError) -> MappedFile {
    do throws(FormatError) {
      try FilePath.check(path)
      // O_NONBLOCK: opening a pipe must end in a refusal, not wait for a writer.
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      guard descriptor >= 0 else { throw FormatError(.systemCall(call: "open", errno: errno)) }
      do throws(FormatError) {
        let identity = try status(descriptor)
        let storage = try map(descriptor, byteCount: identity.byteCount)
        return MappedFile(
          path: path, storage: storage, identity: identity, descriptor: descriptor)
      } catch {
        close(descriptor)
        throw error
      }
    } catch {
      throw error.at(path: path)
    }
  }

  /// Throws `fileChanged` when size or modification time differ from when the file was opened.
  ///
  /// A file renamed over this one's path does not count: the mapping still shows the old content.
  package func checkUnchanged() throws(FormatError) {
    do throws(FormatError) {
      let now = try MappedFile.status(descriptor)
      guard now.byteCount == identity.byteCount else {
        let detail = "size is \(now.byteCount) bytes, was \(identity.byteCount)"
        throw FormatError(.fileChanged(detail: detail))
      }
      guard now == identity else {
        throw FormatError(.fileChanged(detail: "modification time differs"))
      }
    } catch {
      throw error.at(path: path)
    }
  }

  /// Copies a range of the file, read afresh with `pread`; traps when it lies outside.
  ///
  /// - Throws: `fileChanged` when the file has become shorter, `systemCall`.
  package func copyBytes(_ range: Range<Int>) throws(FormatError) -> [UInt8] {
    var failure: FormatError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(FormatError) {
        try read(range, into: UnsafeMutableRawBufferPointer(buffer))
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads a range of the file afresh with `pread` into `target`, which must be large enough.
  ///
  /// Unlike the mapping, this survives a file that becomes shorter meanwhile, and adds nothing to the
  /// process's resident pages.
  /// - Throws: `fileChanged` when the file has become shorter, `systemCall`.
  package func read(
    _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range is out of bounds")
    precondition(target.count >= range.count, "target is too small")
    var done = 0
    while done < range.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[done..<range.count])
      let count = pread(descriptor, rest.baseAddress, rest.count, range.lowerBound + done)
      if count > 0 {
        done += count
      } else if count == 0 {
        throw FormatError(.fileChanged(detail: "it has become shorter"), path: path)
      } else if errno != EINTR {
        throw FormatError(.systemCall(call: "pread", errno: errno), path: path)
      }
    }
  }

  private static func status(_ descriptor: Int32) throws(FormatError) -> FileIdentity {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FormatError(.systemCall(call: "fstat", errno: errno))
    }
    if let kind = FileKind.special(status) { throw FormatError(.notARegularFile(kind: kind)) }
    return FileIdentity(status)
  }

  private static func map(_ descriptor: Int32, byteCount: Int) throws(FormatError) -> Storage {
    guard byteCount > 0 else { return Storage(copying: [UInt8]()) }
    guard let base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0),
      base != MAP_FAILED
    else { throw FormatError(.systemCall(call: "mmap", errno: errno)) }
    return Storage(
      base: UnsafeRawPointer(base), byteCount: byteCount,
      prefetch: { start, count in
        // madvise wants the start of a page. Only a wish: on failure pages come when they are touched.
        let offset = Int(bitPattern: start) & (Int(getpagesize()) - 1)
        _ = madvise(
          UnsafeMutableRawPointer(mutating: start - offset), count + offset, MADV_WILLNEED)
      },
      release: { base, byteCount in
        munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
      })
  }
}
