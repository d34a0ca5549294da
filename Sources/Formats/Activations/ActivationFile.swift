import Tensors

/// A matrix of recorded activations, one row per token, in a mapped file of any accepted format.
///
/// Rows are contiguous. Where ``isInFile`` holds, row `r` starts at byte `dataOffset + r * rowByteCount` of
/// the file; elsewhere the rows were inflated or transposed into memory.
package struct ActivationFile: Sendable {
  /// The container the matrix was found in.
  package enum Kind: String, Sendable {
    case safetensors
    case npy
    case npz
    /// Little-endian float32 without any header.
    case raw
  }

  package let kind: Kind
  package let file: MappedFile
  /// The tensor's name in a safetensors or npz file, nil elsewhere.
  package let tensorName: String?
  /// The matrix, shape `[rowCount, width]`, of type F32, BF16 or F16.
  package let tensor: Tensor
  /// The shape in the file was `[rows, heads, head width]`, read as `[rows, heads * head width]`.
  package let wasFlattened: Bool
  private let collection: TensorCollection?

  package var rowCount: Int { tensor.shape[0] }
  package var width: Int { tensor.shape[1] }
  package var elementType: ElementType { tensor.elementType }
  /// Bytes of one row.
  package var rowByteCount: Int { width * elementType.byteCount }
  /// Whether the rows stand in the file as they are read.
  package var isInFile: Bool { tensor.storage === file.storage }
  /// Where row 0 starts, from the start of the file, or of the memory that it was copied to.
  package var dataOffset: Int { tensor.byteOffset }
  package var path: String { file.path }

  /// The container, and the tensor's name where it has one.
  package var description: String {
    switch kind {
    case .safetensors: "safetensors tensor '\(tensorName ?? "")'"
    case .npy: "npy array"
    case .npz: "npz array '\(tensorName ?? "")'"
    case .raw: "raw float32 matrix"
    }
  }

  /// Another tensor of the same safetensors or npz file, such as `positions` or `tokens`.
  package func companion(_ name: String) -> Tensor? {
    guard name != tensorName else { return nil }
    return collection?[name]
  }

  /// Names of all other tensors of the same file, in its order.
  package var companionNames: [String] {
    collection?.names.filter { $0 != tensorName } ?? []
  }

  init(
    kind: Kind, file: MappedFile, tensorName: String? = nil, matrix: ActivationMatrix,
    collection: TensorCollection? = nil
  ) {
    self.kind = kind
    self.file = file
    self.tensorName = tensorName
    tensor = matrix.tensor
    wasFlattened = matrix.wasFlattened
    self.collection = collection
  }
}
