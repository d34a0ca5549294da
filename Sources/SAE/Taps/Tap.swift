/// Where in a language model the rows of a dictionary are read or written, as its publisher names it.
public struct Tap: Sendable, Equatable {
  /// The model's name, for example `google/gemma-3-270m`.
  public var model: String?
  /// TransformerLens' name of the place, for example `blocks.12.hook_resid_post`.
  public var hook: String?
  /// The same place by its module path in Hugging Face's implementation.
  public var moduleHook: String?

  /// Makes a tap; a nil field was not declared.
  public init(model: String? = nil, hook: String? = nil, moduleHook: String? = nil) {
    self.model = model
    self.hook = hook
    self.moduleHook = moduleHook
  }
}
