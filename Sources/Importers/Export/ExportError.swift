import Formats
import SAE

/// Why a dictionary cannot be written in a form: what the form cannot hold, or what would be lost.
package struct ExportError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// A file cannot be written.
    case format(FormatError)
    /// A weight cannot be used, let alone written.
    case dictionary(DictionaryError)
    /// Something is at the path already.
    case exists(folder: String)
    /// The form has no place for something that decides what the numbers mean.
    case cannotHold(target: ExportTarget, what: String, why: String)
    /// There is no use for an int8 form of the encoder: its storage, its width or the activation.
    case noAccelerator(of: String)
    /// The bounds of an int8 form would not hold, by the encoder row of a feature that is this long.
    case rowTooLong(feature: Int, norm: Double, limit: Double)
    /// The arithmetic of the form changes numbers, and nobody allowed that.
    case wouldRound(what: String, why: String)
    /// A weight changes when it is stored, and nobody allowed that.
    case valueChanges(tensor: String, row: Int, column: Int, from: String, to: String, type: String)
    /// A weight lies outside the range of the type.
    case outOfRange(tensor: String, row: Int, column: Int, found: String, type: String)
  }

  package var reason: Reason
  /// The file that was read, where there is one and the reason does not name it.
  package var path: String?

  package init(_ reason: Reason, path: String? = nil) {
    self.reason = reason
    self.path = path
  }

  /// Runs `body` and says that its error is about a file.
  static func writing<R>(_ body: () throws(FormatError) -> R) throws(ExportError) -> R {
    do throws(FormatError) {
      return try body()
    } catch {
      throw ExportError(.format(error))
    }
  }
}
