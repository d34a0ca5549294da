import Tensors

/// The decoder rows of a cross-layer transcoder, read from wherever the publisher put them.
///
/// There is one row `[outputWidth]` for each source layer s, feature i of that layer, and target layer
/// t ≥ s. Nothing is copied or reordered: a row is found by its position in the stored tensor, so that
/// a mapped file is paged in only where a feature fires.
package struct CrossLayerDecoder: Sendable {
  /// How the rows are stored; L layers, F features, width d.
  package enum Layout: Sendable, Equatable {
    /// One tensor per source layer s, `[F, L − s, d]`; target t is at offset t − s.
    case bySource
    /// One tensor per target layer t, `[t + 1, F, d]`; source s is at offset s.
    case byTarget
    /// One tensor per source layer, `[F, L, d]`; target t is at offset t, and t < s is never read.
    case full
  }

  package let layout: Layout
  /// Width of every row (d_out).
  package let outputWidth: Int
  /// Features of each source layer.
  package let featureCounts: [Int]
  /// Every tensor with its first two axes made one.
  private let matrices: [RowMatrix]

  package var layerCount: Int { matrices.count }
  package var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
  package var elementType: ElementType { matrices[0].elementType }

  /// Takes one tensor per layer.
  ///
  /// - Throws: `shape` or `field`, naming the layer, for a tensor that does not fit the layout.
  package init(_ tensors: [Tensor], layout: Layout) throws(DictionaryError) {
    guard let first = tensors.first else {
      throw DictionaryError(.shape(tensor: "decoder", found: [0], expected: [1]))
    }
    guard first.shape.count == 3, first.shape[2] > 0 else {
      throw Self.shape(0, first.shape, [1, 1, 1])
    }
    let width = first.shape[2]
    let count = tensors.count
    var matrices: [RowMatrix] = []
    var featureCounts: [Int] = []
    for (layer, tensor) in tensors.enumerated() {
      let own = tensor.shape.count == 3 ? tensor.shape : [0, 0, 0]
      let features: Int
      let expected: [Int]
      switch layout {
      case .bySource: (features, expected) = (own[0], [max(own[0], 1), count - layer, width])
      case .byTarget: (features, expected) = (own[1], [layer + 1, max(first.shape[1], 1), width])
      case .full: (features, expected) = (own[0], [max(own[0], 1), count, width])
      }
      guard tensor.shape == expected else { throw Self.shape(layer, tensor.shape, expected) }
      let flat = Tensor(
        tensor.elementType, shape: [expected[0] * expected[1], width], storage: tensor.storage,
        byteOffset: tensor.byteOffset)
      guard let matrix = RowMatrix(flat) else {
        throw DictionaryError(
          .field(
            name: "element type of the decoder of layer \(layer)",
            found: tensor.elementType.rawValue, expected: "F32 or BF16"))
      }
      matrices.append(matrix)
      featureCounts.append(features)
    }
    self.layout = layout
    self.matrices = matrices
    self.featureCounts = featureCounts
    outputWidth = width
  }

  /// Takes one tensor `[L, F, L, d]`, which is ``Layout/full`` with the source layers stacked.
  package init(stacked tensor: Tensor) throws(DictionaryError) {
    let shape = tensor.shape
    guard shape.count == 4, shape[0] > 0, shape[0] == shape[2] else {
      let layers = shape.first ?? 0
      throw DictionaryError(
        .shape(
          tensor: "decoder", found: shape,
          expected: [
            max(layers, 1), shape.count > 1 ? shape[1] : 1, max(layers, 1), shape.last ?? 1,
          ]))
    }
    let stride = tensor.byteCount / shape[0]
    try self.init(
      (0..<shape[0]).map {
        Tensor(
          tensor.elementType, shape: Array(shape[1...]), storage: tensor.storage,
          byteOffset: tensor.byteOffset + $0 * stride)
      }, layout: .full)
  }

  /// The matrix and the row in it of feature `feature` of layer `source` for layer `target`.
  ///
  /// Needs 0 ≤ source ≤ target < layerCount and a feature of that layer.
  package func place(
    source: Int, feature: Int, target: Int
  ) -> (matrix: RowMatrix, row: Int) {
    assert(source >= 0 && source <= target && target < layerCount)
    assert(feature >= 0 && feature < featureCounts[source])
    switch layout {
    case .bySource:
      return (matrices[source], feature * (layerCount - source) + target - source)
    case .byTarget: return (matrices[target], source * featureCounts[source] + feature)
    case .full: return (matrices[source], feature * layerCount + target)
    }
  }

  /// One contiguous row per feature of layer `source`, `[F, m]`, as stored: all its targets side by
  /// side, or with ``Layout/byTarget`` its own layer's alone.
  func blocks(ofSource source: Int) -> RowMatrix {
    let features = featureCounts[source]
    let stored = matrices[source].tensor
    let blockWidth = layout == .byTarget ? outputWidth : stored.elementCount / features
    let start = layout == .byTarget ? source * features * outputWidth : 0
    let view = Tensor(
      stored.elementType, shape: [features, blockWidth], storage: stored.storage,
      byteOffset: stored.byteOffset + start * stored.elementType.byteCount)
    guard let matrix = RowMatrix(view) else { fatalError("a view keeps its element type") }
    return matrix
  }

  private static func shape(_ layer: Int, _ found: [Int], _ expected: [Int]) -> DictionaryError {
    DictionaryError(
      .shape(tensor: "decoder of layer \(layer)", found: found, expected: expected))
  }
}
