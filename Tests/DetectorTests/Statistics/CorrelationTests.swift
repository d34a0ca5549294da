import Detector
import Formats
import Testing

@Suite struct CorrelationTests {
  @Test func bothMatchTheOracle() throws {
    let vector = try StatisticsVector.read("correlation")
    let columns = try StatisticsVector.rows(vector["columns"]).map { column in
      try #require(column.asArray).map { try #require($0.asDouble) }
    }
    let pearson = columns.flatMap { a in columns.map { Correlation.pearson(a, $0) } }
    #expect(areClose(pearson, try vector.numbers("pearson"), floor: 1e-3))
    let spearman = columns.flatMap { a in columns.map { Correlation.spearman(a, $0) } }
    #expect(areClose(spearman, try vector.numbers("spearman"), floor: 1e-3))
    #expect(areClose(Correlation.matrix(of: columns), try vector.numbers("pearson"), floor: 1e-3))
  }

  @Test func constantColumnsHaveNoCorrelation() {
    let constant = [Double](repeating: 0.1, count: 10)
    let rising = (0..<10).map(Double.init)
    #expect(Correlation.pearson(constant, rising).isNaN)
    #expect(Correlation.spearman(rising, constant).isNaN)
    #expect(Correlation.pearson([1], [2]).isNaN)
    #expect(Correlation.spearman([1, .nan, 3], [1, 2, 3]).isNaN)
    #expect(Correlation.matrix(of: [constant, rising, rising]) == [1, 0, 0, 0, 1, 1, 0, 1, 1])
    #expect(Correlation.matrix(of: []) == [])
    #expect(Correlation.ranks(of: [5, 1, 5, 3]) == [3.5, 1, 3.5, 2])
  }

  @Test func unequalLengthsAreABug() async {
    await #expect(processExitsWith: .failure) { _ = Correlation.pearson([1, 2], [1]) }
    await #expect(processExitsWith: .failure) { _ = Correlation.spearman([1, 2], [1]) }
    await #expect(processExitsWith: .failure) { _ = Correlation.matrix(of: [[1, 2], [1]]) }
  }
}
