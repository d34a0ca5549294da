import Detector
import Testing

@Suite struct DetectionErrorTests {
  @Test func errorsAreEqualByReason() {
    let first = DetectionError(.tooFew(what: "null documents", found: 3, needed: 20))
    #expect(first == DetectionError(.tooFew(what: "null documents", found: 3, needed: 20)))
    #expect(first != DetectionError(.tooFew(what: "null documents", found: 4, needed: 20)))
  }
}
