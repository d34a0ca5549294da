import Steering
import Testing
import TestSupport

@Suite struct OrdinaryRowsTests {
  /// Rows of width 2 with these norms.
  private func ordinary(
    _ norms: [Float], positions: [Int]? = nil, special: [Bool]? = nil
  ) throws -> OrdinaryRows {
    let folder = try TemporaryFolder()
    var recording = Recording(
      .safetensors, .f32, norms.enumerated().map { $0 % 2 == 0 ? [$1, 0] : [0, -$1] })
    recording.positions = positions
    recording.special = special
    return try OrdinaryRows(try Activations(try recording.write(folder)))
  }

  @Test func medianOfOddAndEvenCounts() throws {
    #expect(try ordinary([5, 1, 3]).medianNorm == 3)
    #expect(try ordinary([5, 1, 3, 4]).medianNorm == 3.5)
    #expect(try ordinary([2]).medianNorm == 2)
    #expect(try ordinary([6, 6]).medianNorm == 6)
  }

  @Test func sinksStartAtFiveMedians() throws {
    let rows = try ordinary([1, 1, 1, 1, 5, 4.99, 500])
    #expect(rows.medianNorm == 1)
    #expect(rows.isOrdinary == [true, true, true, true, false, true, false])
    #expect(rows.sinkCount == 2)
    #expect(rows.specialCount == 0)
    #expect(rows.count == 5)
  }

  @Test func positionZeroIsSpecialWithoutAMask() throws {
    let rows = try ordinary([1, 1, 1, 900], positions: [0, 1, 0, 1])
    #expect(rows.isOrdinary == [false, true, false, false])
    #expect(rows.specialCount == 2)
    #expect(rows.sinkCount == 1)
    #expect(rows.count == 1)
  }

  @Test func theMaskDecidesWhereThereIsOne() throws {
    let rows = try ordinary(
      [1, 1, 1, 900], positions: [0, 1, 0, 1], special: [true, true, false, true])
    #expect(rows.isOrdinary == [false, false, true, false])
    #expect(rows.specialCount == 3)
    #expect(rows.sinkCount == 0)
  }

  /// Padding must not move the median, nor turn everything else into sinks.
  @Test func zeroRowsDoNotCount() throws {
    let rows = try ordinary([0, 0, 0, 0, 0, 1, 2, 3, 10])
    #expect(rows.medianNorm == 2.5)
    #expect(rows.isOrdinary == [true, true, true, true, true, true, true, true, true])
    #expect(try ordinary([0, 0, 0, 1, 2, 3, 11, 1]).isOrdinary.filter { !$0 }.count == 1)
    #expect(try ordinary([0, 0]).count == 2)
  }

  /// A norm that is no number would order nothing: the row is named instead.
  @Test func nonFiniteRowsAreNamed() throws {
    for bad in [Float.nan, .infinity] {
      let error = try #require(steeringError { _ = try ordinary([1, 2, bad, 3]) })
      #expect(error.code == .nonFinite)
      #expect(error.message.contains("row 2, column 0"))
      #expect(error.message.contains(".safetensors: "))
    }
  }

  @Test func withoutPositionsNothingIsSpecial() throws {
    #expect(try ordinary([1, 2, 3]).specialCount == 0)
  }
}
