import Formats

/// The one error that the library throws: a code to act on and a sentence to read.
///
/// The sentence is one line, lower case, and names the file, the field, what was found and what is
/// accepted.
public struct SteeringError: Error, Sendable, Equatable {
  /// What kind of failure it is. Values are frozen: they are also the status numbers of the C interface.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// The number, as the C interface returns it.
    public let rawValue: Int32

    /// Makes a code from its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// An argument is outside its documented range.
    public static let invalidArgument = Code(rawValue: 1)
    /// Widths, counts or shapes do not fit together.
    public static let shapeMismatch = Code(rawValue: 2)
    /// A value is NaN or infinite, or would become so.
    public static let nonFinite = Code(rawValue: 3)
    /// A buffer is too small for what was asked.
    public static let insufficientCapacity = Code(rawValue: 4)
    /// The operating system refused a file operation.
    public static let inputOutput = Code(rawValue: 10)
    /// A file's bytes do not follow its format.
    public static let malformedFile = Code(rawValue: 11)
    /// A dictionary uses something that is not supported, or that needs a decision.
    public static let unsupportedDictionary = Code(rawValue: 12)
    /// A plan is malformed or asks for something impossible.
    public static let invalidPlan = Code(rawValue: 20)
  }

  /// What kind of failure it is.
  public let code: Code
  /// One line, lower case, no full stop.
  public let message: String

  /// Makes an error; control characters in the message, which may quote a file, are escaped.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = MessageText.printable(message)
  }
}

extension SteeringError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
