import SAE

extension SparseDictionary {
  /// The subspace of block `block` of a dictionary of blocks, measured to be orthonormal.
  ///
  /// - Throws: `unsupportedDictionary` for a dictionary without such blocks, a block that is not there, or
  ///   rows further from orthonormal than `tolerance`; `nonFinite` for NaN and infinite weights.
  public func subspace(
    ofBlock block: Int, tolerance: Double = BlockSubspace.defaultTolerance
  ) throws(SteeringError) -> BlockSubspace {
    do throws(DictionaryError) {
      return try BlockSubspace(self, block: block, tolerance: tolerance)
    } catch {
      throw SteeringError(error, in: self)
    }
  }
}
