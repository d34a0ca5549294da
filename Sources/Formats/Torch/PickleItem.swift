import Tensors

/// A value while a pickle is being read; containers are numbers of places in ``PickleObjects``, so that
/// a container that holds itself is no chain of references.
enum PickleItem {
  case none
  case bool(Bool)
  case integer(Int64)
  case float(Double)
  case string(String)
  case name(TorchName)
  /// An inert device name.
  case device(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case storage(Int)
  case tensor(Int)

  /// What it is, with its article, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .float: "a float"
    case .string: "a string"
    case .name: "a global"
    case .device: "a device"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// The containers, storages and tensors that a pickle makes.
struct PickleObjects {
  struct Dictionary {
    let isOrdered: Bool
    var members: [(key: PickleItem, value: PickleItem)] = []
  }

  /// Bytes of the archive, as the pickle describes them.
  struct StorageDescription {
    /// Nil for untyped bytes, whose count is in bytes.
    let type: ElementType?
    let key: String
    let count: Int
  }

  /// A view of a storage, as the pickle describes it; offset and strides are in elements.
  struct View {
    let storage: Int
    let type: ElementType
    let offset: Int
    let shape: [Int]
    let strides: [Int]
  }

  var tuples: [[PickleItem]] = []
  var lists: [[PickleItem]] = []
  var dictionaries: [Dictionary] = []
  var storages: [StorageDescription] = []
  var views: [View] = []

  var count: Int {
    tuples.count + lists.count + dictionaries.count + storages.count + views.count
  }
}
