/// The versions of what is written, as the documents' `format` member says them.
public enum ReportFormat {
  /// A run's summary.
  public static let summary = "steering-report/1"
  /// One line per document.
  public static let verdicts = "steering-verdicts/1"
}
