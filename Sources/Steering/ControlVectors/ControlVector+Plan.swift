import SAE

extension ControlVector {
  /// The control vector that does what `plan` does, for the rows of one block.
  ///
  /// The block is `block`, else the one whose output the dictionary's hook names: the residual stream
  /// after block N, or before block N + 1, which is the same place.
  ///
  /// - Throws: `invalidPlan` when the plan does not add the same vector to every row;
  ///   `invalidArgument` when the hook names no such place, or `block` is negative.
  public init(
    _ plan: Plan, block: Int? = nil, modelHint: String? = nil
  ) throws(SteeringError) {
    let place: Int
    if let block { place = block } else { place = try Self.block(of: plan.dictionary) }
    let vector = try plan.controlVector()
    try self.init(
      [place: vector],
      modelHint: modelHint ?? plan.dictionary.output.model)
  }

  /// The block after which the rows lie that `dictionary` writes.
  ///
  /// - Throws: `invalidArgument` with the reason when that is not the output of a block.
  public static func block(of dictionary: SparseDictionary) throws(SteeringError) -> Int {
    guard let hook = dictionary.output.hook else {
      throw SteeringError(
        .invalidArgument, "the dictionary does not say where its rows lie; give the layer")
    }
    guard let block = dictionary.output.place?.residualLayer else {
      throw SteeringError(
        .invalidArgument,
        "the dictionary is at '\(hook)', expected the output of a block (blocks.N.hook_resid_post, or"
          + " hook_resid_pre from block 1 on), where control vectors are added; to add it to the output"
          + " of a block nevertheless, give the layer")
    }
    return block
  }
}
