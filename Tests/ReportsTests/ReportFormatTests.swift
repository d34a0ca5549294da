import Reports
import Testing

@Suite struct ReportFormatTests {
  @Test func formatsAreDistinct() {
    #expect(ReportFormat.summary != ReportFormat.verdicts)
  }
}
