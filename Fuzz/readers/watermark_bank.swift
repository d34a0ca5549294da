import Formats
import Glibc
import Steering
import Watermark

/// A folder in memory, made once.
private let folder: String = {
  var name = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
  precondition(mkdtemp(&name) != nil, "mkdtemp")
  let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  atexit { removeFolder() }
  return path
}()

private func removeFolder() {
  for name in ["read/bank.json", "read", "written/bank.json", "written"] {
    _ = remove("\(folder)/\(name)")
  }
  _ = remove(folder)
}

/// Bytes are a bank's `bank.json`; what is read must be written and read again to the same bank.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let read = "\(folder)/read"
  let written = "\(folder)/written"
  if mkdir(read, 0o700) != 0 { precondition(errno == EEXIST, "mkdir") }
  guard let file = fopen("\(read)/bank.json", "w") else { preconditionFailure("fopen") }
  if count > 0 { precondition(fwrite(start, 1, count, file) == count, "fwrite") }
  fclose(file)
  do throws(SteeringError) {
    let bank = try WatermarkBank(path: read)
    do throws(SteeringError) {
      try bank.write(to: written)
    } catch {
      preconditionFailure("what was read is not written: \(error)")
    }
    guard let again = try? WatermarkBank(path: written) else {
      preconditionFailure("what was written is not read")
    }
    precondition(
      again == bank && again.fingerprint == bank.fingerprint, "another bank is read back")
  } catch {
    // Null scores that are named are not there.
    precondition(
      error.code == .malformedFile || error.code == .inputOutput, "another code: \(error)")
    precondition(error.message.utf8.count < 4000 && !error.message.contains("\n"))
  }
  return 0
}
