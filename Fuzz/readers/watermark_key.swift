import Formats
import Steering
import Watermark

/// Bytes are a key's file; what is read must be written and read again to the same key.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  do throws(SteeringError) {
    let key = try WatermarkKey.read(bytes, name: "key.json")
    let written = key.json()
    guard let again = try? WatermarkKey.read(written, name: "key.json") else {
      preconditionFailure("what was written is not read")
    }
    // The fingerprint is over the secret, the bytes over everything.
    precondition(again.fingerprint == key.fingerprint && again.json() == written, "another key")
  } catch {
    precondition(error.code == .malformedFile, "another code: \(error)")
    precondition(error.message.utf8.count < 4000 && !error.message.contains("\n"))
    checkTellsNothing(error.message, bytes)
  }
  return 0
}

/// No error quotes sixteen hexadecimal digits in a row that the file has; numbers out of range it may.
private func checkTellsNothing(_ message: String, _ bytes: [UInt8]) {
  func isDigit(_ unit: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(unit)
      || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(unit)
  }
  let said = Array(message.utf8)
  var run = 0
  for (place, unit) in said.enumerated() {
    run = isDigit(unit) ? run + 1 : 0
    guard run >= 16 else { continue }
    let digits = said[place - 15...place]
    guard digits.contains(where: { $0 >= UInt8(ascii: "a") }) else { continue }
    for first in bytes.indices where first + 16 <= bytes.count {
      precondition(!bytes[first..<first + 16].elementsEqual(digits), "an error quotes the file")
    }
  }
}
