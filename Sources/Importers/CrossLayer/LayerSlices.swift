import SAE
import Tensors

extension Tensor {
  /// Entry `index` of the first axis, borrowed.
  func slice(_ index: Int) -> Tensor {
    let rest = Array(shape[1...])
    let stride = byteCount / shape[0]
    return Tensor(
      elementType, shape: rest, storage: storage, byteOffset: byteOffset + index * stride)
  }

  /// The same numbers as a matrix: borrowed where kernels read the type, else widened to f32.
  ///
  /// Needs two axes and a type that weights can have.
  func rows(_ kernels: Kernels) -> RowMatrix {
    if let matrix = RowMatrix(self) { return matrix }
    guard let values = floats(kernels) else { fatalError("weights have a computable type") }
    return RowMatrix(rowCount: shape[0], width: shape[1], values: values)
  }
}

extension CrossLayerDecoder {
  /// The decoder, with errors that importers throw.
  static func make(
    _ tensors: [Tensor], layout: Layout
  ) throws(ImportError) -> CrossLayerDecoder {
    do throws(DictionaryError) {
      return try CrossLayerDecoder(tensors, layout: layout)
    } catch {
      throw ImportError(.dictionary(error))
    }
  }
}

extension DictionarySource {
  /// Throws when two of `files` are of one layer, and names them.
  func checkDistinct(_ files: [(layer: Int, name: String)]) throws(ImportError) {
    for (file, next) in zip(files, files.dropFirst()) where file.layer == next.layer {
      throw ImportError(
        .value(
          key: "layers", found: "\(file.name) and \(next.name), both of layer \(file.layer)",
          expected: "one file for each layer: put one variant in a folder"), path: path)
    }
  }

  /// Throws unless `layers` are 0, 1, 2, … without a gap.
  func checkComplete(_ layers: [Int]) throws(ImportError) {
    guard layers == Array(0..<layers.count) else {
      throw ImportError(
        .value(
          key: "layers", found: layers.map { "\($0)" }.joined(separator: ", "),
          expected: "every layer from 0, once: features write to the layers behind their own"),
        path: path)
    }
  }
}
