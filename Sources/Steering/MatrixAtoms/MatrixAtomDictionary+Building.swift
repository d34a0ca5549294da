import Importers
import SAE
import Tensors

extension MatrixAtomDictionary {
  /// Builds a dictionary of matrix atoms from arrays, which are copied and checked.
  ///
  /// - Parameters:
  ///   - rank: Pairs of factors of an atom.
  ///   - keyWidth: Rows of a state (d_k).
  ///   - valueWidth: Columns of a state (d_v).
  ///   - keyEncoder: V_enc, `[atomCount, rank, keyWidth]` row-major; valueEncoder, keyDecoder and
  ///     valueDecoder are W_enc, V_dec and W_dec.
  ///   - encoderBias: `[atomCount]`, which says how many atoms there are.
  ///   - bias: `[keyWidth, valueWidth]`, added to what is decoded.
  ///   - mean: M, `[keyWidth, valueWidth]`, subtracted before encoding; nil for none.
  ///   - decodingAddsMean: Whether what is decoded stands for S, and not for S − M.
  ///   - k: Atoms that compete for activation together.
  ///   - logitPairing: How a logit shift pairs its factors.
  /// - Throws: `shapeMismatch`, `nonFinite` or `unsupportedDictionary`, naming the part.
  public convenience init(
    name: String, rank: Int = 1, keyWidth: Int, valueWidth: Int, keyEncoder: [Float],
    valueEncoder: [Float], keyDecoder: [Float], valueDecoder: [Float], encoderBias: [Float],
    bias: [Float], mean: [Float]? = nil, decodingAddsMean: Bool = false, k: Int,
    logitPairing: LogitPairing = .byShape
  ) throws(SteeringError) {
    let keys = [encoderBias.count, rank, keyWidth]
    let values = [encoderBias.count, rank, valueWidth]
    let state = [keyWidth, valueWidth]
    do throws(DictionaryError) {
      var parts = Parts(
        name: name, keyEncoder: try Self.tensor(keyEncoder, "V_enc", keys),
        valueEncoder: try Self.tensor(valueEncoder, "W_enc", values),
        keyDecoder: try Self.tensor(keyDecoder, "V_dec", keys),
        valueDecoder: try Self.tensor(valueDecoder, "W_dec", values),
        encoderBias: try Self.tensor(encoderBias, "b_enc", [encoderBias.count]),
        bias: try Self.tensor(bias, "bias", state),
        mean: try mean.map { mean throws(DictionaryError) in
          try Self.tensor(mean, "mean", state)
        }, decodingAddsMean: decodingAddsMean, k: k)
      parts.logitPairing = logitPairing
      try self.init(parts)
    } catch {
      throw SteeringError(error)
    }
  }

  /// Opens WriteSAE's arrays from a safetensors file, or from a folder that holds one.
  ///
  /// Names and shapes are strict: `V_enc`, `W_enc`, `V_dec`, `W_dec` `[n, rank, width]`, `b_enc` `[n]`,
  /// `bias` `[d_k, d_v]`, and no others but `mean` `[d_k, d_v]`.
  ///
  /// - Parameters:
  ///   - k: Atoms that compete together; nil for the `k` of the file's metadata, an error without one.
  ///   - decodingAddsMean: Whether what is decoded stands for S, and not for S − M. The files do not say;
  ///     needed where there is a `mean`, and refused where there is none.
  /// - Throws: `unsupportedDictionary`, `malformedFile`, `shapeMismatch`, `nonFinite` or `inputOutput`,
  ///   each naming file, field, what was found and what is accepted.
  public static func open(
    _ path: String, k: Int? = nil, decodingAddsMean: Bool? = nil
  ) throws(SteeringError) -> MatrixAtomDictionary {
    do throws(ImportError) {
      return try DictionaryImporter.openMatrixAtoms(
        path, k: k, decodingAddsMean: decodingAddsMean)
    } catch {
      throw SteeringError(error)
    }
  }

  private static func tensor(
    _ values: [Float], _ name: String, _ shape: [Int]
  ) throws(DictionaryError) -> Tensor {
    guard Tensor.elementCount(of: shape) == values.count else {
      throw DictionaryError(.shape(tensor: name, found: [values.count], expected: shape))
    }
    return Tensor(.f32, shape: shape, storage: Storage(copying: values))
  }
}
