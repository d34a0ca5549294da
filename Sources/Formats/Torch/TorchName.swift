import Tensors

/// The globals that a torch file may name; none of them is ever called, each stands for plain data.
enum TorchName: Equatable, Sendable {
  /// `collections.OrderedDict`: an empty dictionary.
  case orderedDictionary
  /// `torch._utils._rebuild_tensor_v2`: a view of a storage.
  case tensor
  /// `torch._utils._rebuild_tensor_v3`: the same, of a storage without a type of its own.
  case typedTensor
  /// `torch._utils._rebuild_parameter`: the tensor it is given.
  case parameter
  /// `torch.Size`: the tuple it is given.
  case size
  /// `torch.device`: an inert name.
  case device
  /// A class of storages, nil for untyped bytes.
  case storage(ElementType?)
  /// An element type, as `torch.float32`.
  case elementType(ElementType, name: String)

  private static let storages: [String: ElementType] = [
    "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8,
    "ByteStorage": .u8, "BoolStorage": .bool,
  ]

  private static let elementTypes: [String: ElementType] = [
    "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "int64": .i64,
    "int32": .i32, "int16": .i16, "int8": .i8, "uint8": .u8, "uint16": .u16, "uint32": .u32,
    "uint64": .u64, "bool": .bool, "float8_e4m3fn": .f8e4m3, "float8_e5m2": .f8e5m2,
  ]

  /// What `module.name` stands for.
  ///
  /// - Throws: `refusedCall` for everything that is not listed here.
  static func find(_ module: String, _ name: String) throws(FormatError) -> TorchName {
    switch (module, name) {
    case ("collections", "OrderedDict"): return .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): return .tensor
    case ("torch._utils", "_rebuild_tensor_v3"): return .typedTensor
    case ("torch._utils", "_rebuild_parameter"): return .parameter
    case ("torch", "Size"): return .size
    case ("torch", "device"): return .device
    case ("torch", "UntypedStorage"), ("torch.storage", "UntypedStorage"): return .storage(nil)
    default: break
    }
    if module == "torch" {
      if let type = storages[name] { return .storage(type) }
      if let type = elementTypes[name] { return .elementType(type, name: "torch.\(name)") }
    }
    throw FormatError(.refusedCall(name: "\(module).\(name)"))
  }
}
