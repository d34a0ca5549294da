import Tensors

/// A tensor that passed as activations: rank 2 or 3, an accepted type, at least one column.
struct ActivationMatrix {
  let tensor: Tensor
  let wasFlattened: Bool

  static let accepted: [ElementType] = [.f32, .bf16, .f16]
  /// Wider than any model's rows.
  static let widthLimit = 1 << 20

  /// - Throws: `wrongShape`, `unacceptedElementType`, `shapeOverflow`.
  init(_ source: Tensor, name: String) throws(FormatError) {
    guard source.shape.count == 2 || source.shape.count == 3 else {
      throw FormatError(
        .wrongShape(
          tensor: name, found: source.shape,
          expected: "[rows, width] or [rows, heads, head width]"))
    }
    guard Self.accepted.contains(source.elementType) else {
      let advice: String? =
        switch source.elementType {
        case .f64: "convert to float32"
        default: nil
        }
      throw FormatError(
        .unacceptedElementType(
          tensor: name, found: source.elementType, accepted: Self.accepted, advice: advice))
    }
    guard let width = Tensor.elementCount(of: Array(source.shape.dropFirst())),
      !width.multipliedReportingOverflow(by: source.elementType.byteCount).overflow
    else { throw FormatError(.shapeOverflow(tensor: name, shape: source.shape)) }
    guard width > 0 else {
      throw FormatError(
        .wrongShape(tensor: name, found: source.shape, expected: "a width of at least 1"))
    }
    guard width <= Self.widthLimit else {
      throw FormatError(
        .limitExceeded(what: "width of activations", found: width, limit: Self.widthLimit))
    }
    tensor = Tensor(
      source.elementType, shape: [source.shape[0], width], storage: source.storage,
      byteOffset: source.byteOffset)
    wasFlattened = source.shape.count == 3
  }
}
