import SAE

/// What is said about one factor for all rows, in the words of every importer.
enum ActivationScaling {
  /// The files say that rows were rescaled, but not by what.
  static func missing(_ what: String) -> ImportError {
    ImportError(
      .refused(
        what: what,
        why: "the factor that rows were multiplied by is not in the files, and without it"
          + " activations would be mis-scaled in silence",
        advice: "give the factor (--activation-scale S), or say that rows are scaled already"
          + " (--rows-already-scaled)"))
  }

  /// A factor for the input of something that writes at another place.
  static var transcoder: ImportError {
    ImportError(
      .refused(
        what: "an activation scale for a transcoder",
        why: "the scale of the input says nothing about the output",
        advice: "scale the rows yourself and say that they are scaled already"))
  }

  static var alreadyApplied: LedgerEntry {
    LedgerEntry(
      "activation units", "rows are taken as already rescaled; nothing is folded",
      source: .option("rows already scaled"))
  }

  static func applied(_ factor: Double, source: LedgerEntry.Source) -> LedgerEntry {
    LedgerEntry(
      "activation units",
      "rows are multiplied by \(Float(factor)) first and the reconstruction is divided by it:"
        + " activations are in scaled units", source: source)
  }
}
