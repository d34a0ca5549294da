import Formats
import Glibc
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct KeyRotationTests {
  private static func key(_ id: String) throws -> WatermarkKey {
    try WatermarkKey(
      id: id, created: 1_700_000_000, bank: String(repeating: "a", count: 64), count: 3,
      documents: .given)
  }

  @Test func successorThenRetired() throws {
    let folder = try TemporaryFolder()
    let old = try Self.key("old")
    try old.write(to: folder.file("old.json"))
    let keys = try WatermarkKey.rotate(
      path: folder.file("old.json"), to: folder.file("new.json"), id: "new", at: 1_700_000_009)
    #expect(keys.old.retired == 1_700_000_009 && keys.old.fingerprint == old.fingerprint)
    #expect(keys.new.follows == "old" && keys.new.created == 1_700_000_009)
    #expect(try WatermarkKey.read(path: folder.file("old.json")).retired == 1_700_000_009)
    #expect(
      try WatermarkKey.read(path: folder.file("new.json")).fingerprint == keys.new.fingerprint)
  }

  /// What speaks against it is found before anything is written.
  @Test func refusedBeforeAnythingIsWritten() throws {
    let folder = try TemporaryFolder()
    try Self.key("old").write(to: folder.file("old.json"))
    let before = try folder.bytes("old.json")
    for (id, time) in [("old", 1_700_000_009), ("a b", 1_700_000_009), ("new", 1_699_999_999)] {
      #expect(throws: SteeringError.self) {
        try WatermarkKey.rotate(
          path: folder.file("old.json"), to: folder.file("new.json"), id: id, at: time)
      }
      #expect(try folder.bytes("old.json") == before)
      #expect(throws: SteeringError.self) { try WatermarkKey.read(path: folder.file("new.json")) }
    }
  }

  /// The new key's file fits into the largest file that there may be, the longer retired key's does not.
  @Test func aKeyThatCannotBeRetired() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let old = try Self.key("old")
      try old.write(to: folder.file("old.json"))
      let size = try folder.bytes("old.json").count
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: rlim_t(size + 20), rlim_max: rlim_t(size + 20))
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      do throws(SteeringError) {
        _ = try WatermarkKey.rotate(
          path: folder.file("old.json"), to: folder.file("new.json"), id: "n", at: 1_700_000_009)
        preconditionFailure("the key was retired")
      } catch {
        precondition(error.code == .inputOutput)
        precondition(
          error.message.contains("new.json holds the new key 'n', but key 'old' is still"))
        let new = try WatermarkKey.read(path: folder.file("new.json"))
        precondition(new.id == "n" && new.follows == "old")
        let left = try WatermarkKey.read(path: folder.file("old.json"))
        precondition(left.retired == nil && left.fingerprint == old.fingerprint)
      }
    }
  }
}
