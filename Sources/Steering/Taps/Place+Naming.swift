import SAE

extension Tap.Place {
  /// Reads the name of a place in any scheme, or in `scheme`.
  ///
  /// `docs/hooks.md` lists the names. Where nothing follows a model's MLP and attention, their raw
  /// output and what they add are one place.
  ///
  /// - Parameters:
  ///   - model: The model's name, such as `google/gemma-3-270m`, where it decides what a name means.
  ///   - layerCount: The model's number of blocks, which negative indices of `hidden_states` need.
  ///   - confirmed: Traps that the caller knows about; each other trap is an error.
  /// - Throws: `invalidArgument` for an unknown or ambiguous name, with what is accepted, and for a name
  ///   that many take for another place.
  public init(
    named name: String, scheme: HookScheme? = nil, model: String? = nil, layerCount: Int? = nil,
    confirming confirmed: Set<HookTrap> = []
  ) throws(SteeringError) {
    do throws(HookError) {
      self = try HookResolver.resolve(
        name, scheme: scheme, model: model, layerCount: layerCount, confirming: confirmed
      ).place
    } catch {
      throw SteeringError(error)
    }
  }
}
