import Glibc

/// The pages of a file that the system keeps in memory.
enum PageCache {
  /// Drops the file's pages; false where some stay, as on a file system that lives in memory.
  static func forget(_ path: String) -> Bool {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return false }
    defer { close(file) }
    guard fsync(file) == 0, posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
      return false
    }
    return residentPages(path) == 0
  }

  /// How many of the file's pages are in memory, whoever brought them there.
  static func residentPages(_ path: String) -> Int? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let size = Int(lseek(file, 0, SEEK_END))
    guard size > 0, let base = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0),
      base != MAP_FAILED
    else { return nil }
    defer { munmap(base, size) }
    let pageSize = Int(getpagesize())
    var states = [UInt8](repeating: 0, count: (size + pageSize - 1) / pageSize)
    guard mincore(base, size, &states) == 0 else { return nil }
    return states.count { $0 & 1 != 0 }
  }
}
