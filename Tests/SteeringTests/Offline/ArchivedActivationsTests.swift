import Foundation
import Steering
import Testing
import TestSupport

/// Activations whose rows do not stand in the file as they are.
@Suite struct ArchivedActivationsTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../vectors/formats/npz/valid").standardized.path
  private static let names = ["stored.npz", "compressed.npz", "streamed.npz"]

  /// Element `i` of every array in these archives is `(7 i + 3) mod 251`, counted in row-major order;
  /// `W_dec` is stored in Fortran order.
  @Test(arguments: names, [("W_enc", 4), ("W_dec", 6)])
  func rowsAreThoseOfTheArray(_ name: String, _ array: (name: String, rows: Int)) throws {
    let activations = try Activations("\(Self.folder)/\(name)", tensor: array.name)
    #expect(activations.rowCount == array.rows)
    var found: [Float] = []
    try activations.forEachChunk { _, count, rows throws(SteeringError) in
      for index in 0..<(count * activations.width) { found.append(rows[index]) }
    }
    let expected: [Float] = (0..<24).map { Float(($0 * 7 + 3) % 251) }
    #expect(found == expected)
  }

  @Test(arguments: names)
  func archivesAreNotEdited(_ name: String) throws {
    let folder = try TemporaryFolder()
    let dictionary = try ActivationSteeringTests.sample.dictionary()
    let path = "\(Self.folder)/\(name)"
    let error = steeringError {
      _ = try ActivationSteering.run(
        try Plan(PlanDocument([Intervention(feature: 4, alpha: 1)]), dictionary: dictionary),
        on: try Activations(path, tensor: "W_enc"), to: folder.file("out.npz"))
    }
    let advice = "save the matrix with numpy.save(path, numpy.ascontiguousarray(x))"
    let expected = "/\(name): editing rows of an npz archive is not supported; \(advice)"
    let message = try #require(error?.message)
    #expect(message.hasSuffix(expected))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
