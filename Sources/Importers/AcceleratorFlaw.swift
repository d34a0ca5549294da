import Formats

/// Why a stored accelerator cannot be used with the weights beside it.
package enum AcceleratorFlaw: Equatable, Sendable {
  /// The file is unreadable or malformed.
  case file(FormatError)
  /// Something in it is not what the weights call for.
  case field(String, found: String, expected: String)
}
