import Foundation
import Formats
import Testing

/// The files of `vectors/detector/statistics`, or of another folder beside it, by name without extension.
enum StatisticsVector {
  static func read(_ name: String, in folder: String = "statistics") throws -> JSONValue {
    let root =
      ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../vectors")
      .standardized.path
    return try JSONValue.read(path: "\(root)/detector/\(folder)/\(name).json")
  }

  /// The rows of a list, of which there must be some.
  static func rows(_ value: JSONValue?) throws -> [JSONValue] {
    let rows = try #require(value?.asArray)
    try #require(!rows.isEmpty)
    return rows
  }
}

extension JSONValue {
  func number(_ key: String) throws -> Double {
    try #require(self[key]?.asDouble, "no number '\(key)'")
  }

  func integer(_ key: String) throws -> Int {
    try #require(self[key]?.asInt, "no integer '\(key)'")
  }

  func numbers(_ key: String) throws -> [Double] {
    try #require(self[key]?.asArray, "no list '\(key)'").map { try #require($0.asDouble) }
  }
}

/// Whether `actual` is `expected` to 1e-10 of the larger of |expected| and `floor`.
func isClose(_ actual: Double, _ expected: Double, floor: Double = 1e-300) -> Bool {
  abs(actual - expected) <= 1e-10 * max(abs(expected), floor)
}

/// Whether all of `actual` are `expected`, in number and to 1e-10.
func areClose(_ actual: [Double], _ expected: [Double], floor: Double = 1e-300) -> Bool {
  actual.count == expected.count
    && zip(actual, expected).allSatisfy { isClose($0, $1, floor: floor) }
}
