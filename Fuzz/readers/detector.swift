import Detector
import Formats
import Steering

/// Bytes are a detector's document; what is read must be written and read again to the same detector.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  do throws(SteeringError) {
    let detector = try FittedDetector(json: bytes)
    let text: String
    do throws(SteeringError) {
      text = try detector.json()
    } catch {
      preconditionFailure("what was read is not written: \(error)")
    }
    guard let again = try? FittedDetector(json: text) else {
      preconditionFailure("what was written is not read: \(text)")
    }
    precondition(again == detector, "another detector is read back")
  } catch {
    precondition(error.code == .malformedFile, "another code: \(error)")
    precondition(error.message.utf8.count < 4000 && !error.message.contains("\n"))
  }
  return 0
}
