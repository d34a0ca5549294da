// Nothing that prints, dumps or interpolates a secret gets to see a byte of it.

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The word "secret".
  package var description: String { "secret" }
  /// The word "secret".
  package var debugDescription: String { "secret" }
  /// No children.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
