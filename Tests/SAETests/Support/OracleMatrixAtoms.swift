import SAE
import TestSupport
import Tensors

/// A dictionary of matrix atoms as plain arrays, with its own arithmetic: naive loops in f64.
struct OracleMatrixAtoms {
  let atomCount: Int
  let rank: Int
  let keyWidth: Int
  let valueWidth: Int
  var k: Int
  /// `[atomCount, rank, keyWidth]`, and so on.
  var keyEncoder: [Float]
  var valueEncoder: [Float]
  var keyDecoder: [Float]
  var valueDecoder: [Float]
  var encoderBias: [Float]
  var bias: [Float]
  var mean: [Float]?
  var decodingAddsMean = false
  var logitPairing = MatrixAtomDictionary.LogitPairing.byShape

  init(
    atomCount n: Int, rank: Int = 1, keyWidth: Int, valueWidth: Int, k: Int, seed: UInt64,
    hasMean: Bool = false
  ) {
    var generator = SplitMix64(seed: seed)
    atomCount = n
    self.rank = rank
    self.keyWidth = keyWidth
    self.valueWidth = valueWidth
    self.k = k
    keyEncoder = generator.normals(n * rank * keyWidth)
    valueEncoder = generator.normals(n * rank * valueWidth)
    keyDecoder = generator.normals(n * rank * keyWidth)
    valueDecoder = generator.normals(n * rank * valueWidth)
    encoderBias = generator.normals(n, scale: 0.5)
    bias = generator.normals(keyWidth * valueWidth)
    mean = hasMean ? generator.normals(keyWidth * valueWidth) : nil
  }

  func parts() -> MatrixAtomDictionary.Parts {
    func tensor(_ shape: [Int], _ values: [Float]) -> Tensor {
      Tensor(.f32, shape: shape, storage: Storage(copying: values))
    }
    let keys = [atomCount, rank, keyWidth]
    let values = [atomCount, rank, valueWidth]
    let state = [keyWidth, valueWidth]
    var parts = MatrixAtomDictionary.Parts(
      name: "oracle", keyEncoder: tensor(keys, keyEncoder),
      valueEncoder: tensor(values, valueEncoder), keyDecoder: tensor(keys, keyDecoder),
      valueDecoder: tensor(values, valueDecoder), encoderBias: tensor([atomCount], encoderBias),
      bias: tensor(state, bias), mean: mean.map { tensor(state, $0) },
      decodingAddsMean: decodingAddsMean, k: k)
    parts.logitPairing = logitPairing
    return parts
  }

  func dictionary(_ kernels: Kernels = .best) throws(DictionaryError) -> MatrixAtomDictionary {
    try MatrixAtomDictionary(parts(), kernels: kernels)
  }

  /// Pre-activations of one state, and the sizes of their terms.
  func preActivations(_ state: [Float]) -> (values: [Double], magnitudes: [Double]) {
    var values: [Double] = []
    var magnitudes: [Double] = []
    for atom in 0..<atomCount {
      var sum = Double(encoderBias[atom])
      var magnitude = abs(sum)
      for r in 0..<rank {
        let place = atom * rank + r
        for row in 0..<keyWidth {
          for column in 0..<valueWidth {
            let s = Double(state[row * valueWidth + column])
            let m = mean.map { Double($0[row * valueWidth + column]) } ?? 0
            let weight =
              Double(keyEncoder[place * keyWidth + row])
              * Double(valueEncoder[place * valueWidth + column])
            sum += weight * (s - m)
            magnitude += abs(weight) * (abs(s) + abs(m))
          }
        }
      }
      values.append(sum)
      magnitudes.append(magnitude)
    }
    return (values, magnitudes)
  }

  /// Dense activations: the k best (ties: lower index), where positive.
  func encode(_ state: [Float]) -> [Double] {
    let z = preActivations(state).values
    let order = z.indices.sorted { z[$0] > z[$1] || (z[$0] == z[$1] && $0 < $1) }
    var out = [Double](repeating: 0, count: atomCount)
    for atom in order.prefix(k) { out[atom] = max(z[atom], 0) }
    return out
  }

  /// Σ_r v'_r w'_rᵀ of one atom, `[keyWidth, valueWidth]`.
  func atom(_ index: Int) -> [Double] {
    var out = [Double](repeating: 0, count: keyWidth * valueWidth)
    for place in (index * rank)..<((index + 1) * rank) {
      for row in 0..<keyWidth {
        for column in 0..<valueWidth {
          out[row * valueWidth + column] +=
            Double(keyDecoder[place * keyWidth + row])
            * Double(valueDecoder[place * valueWidth + column])
        }
      }
    }
    return out
  }

  func decode(_ codes: [Double]) -> [Double] {
    var out = bias.map(Double.init)
    for (index, code) in codes.enumerated() where code != 0 {
      for (position, value) in atom(index).enumerated() { out[position] += code * value }
    }
    if decodingAddsMean, let mean {
      for index in out.indices { out[index] += Double(mean[index]) }
    }
    return out
  }
}

extension MatrixAtomDictionary {
  /// The codes of `count` states.
  func codes(
    of states: [Float], count: Int, stride: Int? = nil
  ) throws(DictionaryError) -> SparseCodes {
    var codes = SparseCodes(featureCount: atomCount)
    try MatrixAtomEncoder(self)
      .encode(states, count: count, stride: stride ?? stateCount, into: &codes)
    return codes
  }

  func reading(of atoms: [Int], in state: [Float]) throws(DictionaryError) -> [Float] {
    var out = [Float](repeating: -777, count: atoms.count)
    try MatrixAtomEncoder(self).read(atoms, of: state, into: &out)
    return out
  }
}
