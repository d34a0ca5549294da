import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct DictionaryInspectionTests {
  private let sample = Sample.all[0]

  @Test func normsMatchTheOracle() throws {
    let inspection = try DictionaryInspection(try sample.dictionary())
    let oracle = Oracle(sample: sample)
    let norms = (0..<48).map(oracle.decoderNorm).sorted()
    let found = inspection.decoderNorms
    #expect(abs(found.minimum - norms[0]) < 1e-6)
    #expect(abs(found.maximum - norms[47]) < 1e-6)
    #expect(abs(found.median - (norms[23] + norms[24]) / 2) < 1e-6)
    #expect(found.zeroCount == 0)
    var histogram = [Int](repeating: 0, count: 10)
    for norm in norms {
      histogram[min(9, Int((norm - norms[0]) / (norms[47] - norms[0]) * 10))] += 1
    }
    #expect(found.histogram == histogram)
    #expect(!found.areUnit())
    #expect(inspection.ledger.last?.subject == "decoder rows")
    #expect(inspection.ledger.last?.statement.hasPrefix("not unit") == true)
    #expect(inspection.ledger.last?.source == .measured)
  }

  private func parts(decoder: [Float]) -> SparseDictionary.Parts {
    var parts = sample.parts()
    parts.decoder = .dense(
      RowMatrix(rowCount: 48, width: 37, values: decoder))
    return parts
  }

  @Test func unitAndZeroRowsAreSeen() throws {
    var decoder = [Float](repeating: 0, count: 48 * 37)
    for row in 0..<48 { decoder[row * 37 + row % 37] = row % 2 == 0 ? 1 : -1 }
    let unit = try DictionaryInspection(try SparseDictionary(parts(decoder: decoder)))
    #expect(unit.decoderNorms.areUnit())
    #expect(unit.ledger.last?.statement == "unit; alpha is the length of the edit")
    decoder[3 * 37 + 3] = 0
    let holed = try DictionaryInspection(try SparseDictionary(parts(decoder: decoder)))
    #expect(holed.decoderNorms.zeroCount == 1)
    #expect(holed.decoderNorms.minimum == 0)
    #expect(!holed.decoderNorms.areUnit())
  }

  @Test func everyWeightIsChecked() throws {
    var decoder = sample.weights.decoder
    decoder[47 * 37 + 36] = .nan
    let dictionary = try SparseDictionary(parts(decoder: decoder))
    let error = try #require(steeringError { _ = try DictionaryInspection(dictionary) })
    #expect(error.code == .nonFinite)
    #expect(
      error.message
        == "decoder weight of feature 47, component 36, is NaN or infinite, expected a finite number"
    )
  }
}
