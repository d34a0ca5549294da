import Formats
import SAE

/// Why a publisher's dictionary cannot be read: what was found under which key, and what is accepted.
package struct ImportError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// A file is unreadable or malformed.
    case format(FormatError)
    /// The parts do not make a dictionary.
    case dictionary(DictionaryError)
    /// The files are in no known publisher's layout.
    case unknownLayout(found: String, accepted: [String])
    /// The files fit several publishers' layouts, here by the names that `--format` takes.
    case ambiguousLayout(formats: [String])
    /// A key holds a value outside what is accepted.
    case value(key: String, found: String, expected: String)
    /// A key that is needed is not there.
    case missingKey(key: String, expected: String)
    /// A key that nothing here interprets.
    case unknownKey(key: String, accepted: [String])
    /// A tensor that the architecture needs is not there.
    case missingTensor(name: String, available: [String], architecture: String)
    /// A tensor that the architecture does not use.
    case unexpectedTensor(name: String, accepted: [String], architecture: String)
    /// A tensor has the wrong shape for the configuration.
    case shape(tensor: String, found: [Int], expected: [Int], from: String)
    /// A tensor has an element type that weights cannot have.
    case elementType(tensor: String, found: String, accepted: [String])
    /// A library of the system, which only some dictionaries need, cannot be loaded.
    case library(name: String, detail: String, purpose: String, package: String)
    /// The int8 form of an encoder, in a file of its own, is not that of the encoder beside it.
    case accelerator(AcceleratorFlaw)
    /// Readable, but not something that can be run as it is.
    case refused(what: String, why: String, advice: String)
  }

  package var reason: Reason
  /// The file or folder that the error is about.
  package var path: String?

  package init(_ reason: Reason, path: String? = nil) {
    self.reason = reason
    self.path = path
  }
}
