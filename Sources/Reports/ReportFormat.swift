/// The versions of what is written, as the documents' `format` member says them.
public enum ReportFormat {
  /// A run's summary.
  public static let summary = "steering-report/1"
  /// One line per document.
  public static let verdicts = "steering-verdicts/1"
  /// What a run is, beside its parts.
  package static let run = "steering-run/1"
  /// A piece of a run's verdicts.
  package static let part = "steering-part/1"
}
