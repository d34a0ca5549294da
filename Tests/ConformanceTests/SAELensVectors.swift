import Foundation
import Formats

/// One golden case: a dictionary folder, rows, and what the publisher's library made of them.
struct GoldenCase: Sendable, CustomStringConvertible {
  let name: String
  let path: String
  let tolerance: (absolute: Double, relative: Double)
  let rowCount: Int
  let featureCount: Int
  let width: Int
  let outputWidth: Int
  let input: [Float]
  let features: [Float]
  let decoded: [Float]
  let forward: [Float]

  var description: String { name }

  /// Why a case cannot be used.
  struct Unusable: Error, CustomStringConvertible {
    let description: String
  }

  /// The folder of the publisher's cases; STEERING_VECTORS names another `vectors` folder.
  static func folder(_ publisher: String, file: String = #filePath) -> String {
    let root =
      ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("vectors").path
    return root + "/importers/" + publisher
  }

  /// The names of all cases; an empty folder is an error, since no test would run.
  static func names(_ publisher: String) throws -> [String] {
    let folder = folder(publisher)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      FileManager.default.fileExists(atPath: "\(folder)/\($0)/case.json")
    }
    guard !names.isEmpty else { throw Unusable(description: "no cases in \(folder)") }
    return names.sorted()
  }

  /// All cases.
  static func all(_ publisher: String) throws -> [GoldenCase] {
    try names(publisher).map { try GoldenCase(publisher, $0) }
  }

  init(_ publisher: String, _ name: String) throws {
    let folder = Self.folder(publisher) + "/" + name
    self.name = name
    path = folder
    let document = try JSONValue.read(path: folder + "/case.json")
    guard let absolute = document["tolerance_abs"]?.asDouble,
      let relative = document["tolerance_rel"]?.asDouble,
      document["publisher"]?.asString == publisher
    else { throw Unusable(description: "\(folder)/case.json lacks publisher or tolerance") }
    tolerance = (absolute, relative)
    let file = try SafetensorsFile.open(folder + "/case.safetensors")
    func read(_ key: String) throws -> (shape: [Int], values: [Float]) {
      guard let tensor = file[key], tensor.shape.count == 2, let values = tensor.floats(.best)
      else { throw Unusable(description: "\(folder)/case.safetensors lacks '\(key)'") }
      return (tensor.shape, values)
    }
    let input = try read("input")
    let features = try read("features")
    let decoded = try read("decoded")
    let forward = try read("forward")
    let (rows, n) = (input.shape[0], features.shape[1])
    guard rows > 0, features.shape[0] == rows, decoded.shape == forward.shape,
      decoded.shape[0] == rows, document["d_in"]?.asInt == input.shape[1],
      document["d_sae"]?.asInt == n
    else { throw Unusable(description: "\(folder): shapes do not fit together") }
    rowCount = rows
    width = input.shape[1]
    featureCount = n
    outputWidth = decoded.shape[1]
    self.input = input.values
    self.features = features.values
    self.decoded = decoded.values
    self.forward = forward.values
  }

  func row(_ index: Int) -> [Float] { Array(input[(index * width)..<((index + 1) * width)]) }

  /// Whether `value` is as close to `expected` as the case promises.
  func isClose(_ value: Float, _ expected: Float) -> Bool {
    let bound = tolerance.absolute + tolerance.relative * abs(Double(expected))
    return abs(Double(value) - Double(expected)) <= bound
  }
}
