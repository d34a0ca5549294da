import Foundation
import Formats
import Importers

/// One golden case: a publisher's files, rows, and what the publisher's library made of them.
///
/// `case.json` beside them has the tolerances and, where the files alone do not decide, `open` (the
/// file to open instead of the folder) and `options`; `case.safetensors` has the arrays. Those of a
/// cross-layer transcoder have a leading axis of layers.
struct GoldenCase: Sendable, CustomStringConvertible {
  let publisher: String
  let name: String
  /// What is opened: the folder, or a file in it.
  let path: String
  let options: ImportOptions
  let tolerance: (absolute: Double, relative: Double)
  /// Number of layers of a cross-layer transcoder; nil for a dictionary of one layer.
  let layerCount: Int?
  let rowCount: Int
  let featureCount: Int
  let width: Int
  let outputWidth: Int
  /// `[rowCount, width]`, or `[layerCount, rowCount, width]`; the others alike.
  let input: [Float]
  let features: [Float]
  /// What the features make without a skip path; nil where the library does not tell.
  let decoded: [Float]?
  /// With the skip path, where there is one; nil where the library does not tell.
  let forward: [Float]?

  var description: String { publisher + "/" + name }

  /// Why a case cannot be used.
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  /// The folder of all vectors; STEERING_VECTORS names another one.
  static func root(file: String = #filePath) -> String {
    ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("vectors").path
  }

  /// The folder of the publisher's cases.
  static func folder(_ publisher: String) -> String { root() + "/importers/" + publisher }

  /// The names of all publishers with cases; none is an error, since no test would run.
  static func publishers() throws -> [String] {
    let folder = root() + "/importers"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    guard !names.isEmpty else { throw Unusable(description: "no publishers in \(folder)") }
    return names.sorted()
  }

  /// The names of a publisher's cases; an empty folder is an error, since no test would run.
  static func names(_ publisher: String) throws -> [String] {
    let folder = folder(publisher)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)/case.json")
    }
    guard !names.isEmpty else { throw Unusable(description: "no cases in \(folder)") }
    return names.sorted()
  }

  /// All cases of a publisher.
  static func all(_ publisher: String) throws -> [GoldenCase] {
    try names(publisher).map { try GoldenCase(publisher, $0) }
  }

  /// All cases of all publishers.
  static func all() throws -> [GoldenCase] { try publishers().flatMap { try all($0) } }

  init(_ publisher: String, _ name: String) throws {
    let folder = Self.folder(publisher) + "/" + name
    self.publisher = publisher
    self.name = name
    let document = try JSONValue.read(path: folder + "/case.json")
    guard let absolute = document["tolerance_abs"]?.asDouble,
      let relative = document["tolerance_rel"]?.asDouble,
      document["publisher"]?.asString == publisher
    else { throw Unusable(description: "\(folder)/case.json lacks publisher or tolerance") }
    tolerance = (absolute, relative)
    path = document["open"]?.asString.map { folder + "/" + $0 } ?? folder
    options = try Self.options(document["options"], folder)
    let file = try SafetensorsFile.open(folder + "/case.safetensors")
    func read(_ key: String) throws -> (shape: [Int], values: [Float])? {
      guard let tensor = file[key] else { return nil }
      guard (2...3).contains(tensor.shape.count), let values = tensor.floats(.best)
      else { throw Unusable(description: "\(folder)/case.safetensors has an unusable '\(key)'") }
      return (tensor.shape, values)
    }
    let decoded = try read("decoded")
    let forward = try read("forward")
    guard let input = try read("input"), let features = try read("features"),
      let output = decoded ?? forward,
      input.values.count > 0, features.shape.dropLast() == input.shape.dropLast(),
      output.shape.dropLast() == input.shape.dropLast(),
      forward == nil || forward?.shape == output.shape,
      document["d_in"]?.asInt == input.shape.last,
      document["d_sae"]?.asInt == features.shape.last
    else { throw Unusable(description: "\(folder): arrays are missing or do not fit together") }
    let axes = input.shape.count
    layerCount = axes == 3 ? input.shape[0] : nil
    rowCount = input.shape[axes - 2]
    width = input.shape[axes - 1]
    featureCount = features.shape[axes - 1]
    outputWidth = output.shape[axes - 1]
    self.input = input.values
    self.features = features.values
    self.decoded = decoded?.values
    self.forward = forward?.values
  }

  /// The options that a caller of this case has to give.
  private static func options(_ object: JSONValue?, _ folder: String) throws -> ImportOptions {
    var options = ImportOptions()
    for member in object?.asObject ?? [] {
      let isUsed: Bool
      switch member.key {
      case "format":
        options.format = member.value.asString.flatMap { DictionaryFormat(rawValue: $0) }
        isUsed = options.format != nil
      case "layer":
        options.layer = member.value.asInt
        isUsed = options.layer != nil
      case "k":
        options.k = member.value.asInt
        isUsed = options.k != nil
      case "kind":
        options.kind =
          member.value.asString.flatMap { ImportOptions.DeclaredKind(rawValue: $0) }
        isUsed = options.kind != nil
      case "architecture":
        options.architecture = member.value.asString
        isUsed = options.architecture != nil
      case "activation_units":
        options.activationUnits =
          member.value.asString.flatMap { ImportOptions.ActivationUnits(rawValue: $0) }
        isUsed = options.activationUnits != nil
      case "activation_scale":
        if let factor = member.value.asDouble { options.activationScale = .factor(factor) }
        isUsed = options.activationScale != .fromFiles
      default: isUsed = false
      }
      guard isUsed else {
        throw Unusable(description: "\(folder)/case.json has an unusable option '\(member.key)'")
      }
    }
    return options
  }

  /// Row `index` of an array with rows of `width`, of layer `layer` where there are layers.
  func row(_ index: Int, of array: [Float], width: Int, layer: Int = 0) -> [Float] {
    let start = (layer * rowCount + index) * width
    return Array(array[start..<(start + width)])
  }

  /// Row `index` of the input.
  func row(_ index: Int, layer: Int = 0) -> [Float] {
    row(index, of: input, width: width, layer: layer)
  }

  /// Whether `value` is as close to `expected` as the case promises.
  func isClose(_ value: Float, _ expected: Float) -> Bool {
    let bound = tolerance.absolute + tolerance.relative * abs(Double(expected))
    return abs(Double(value) - Double(expected)) <= bound
  }
}
