import Testing
import Watermark

@Suite struct WordStatisticsTests {
  /// Counted by hand: "a b a b a b c" has the pairs ab ba ab ba ab bc, the triples aba bab aba bab abc,
  /// and abab baba abab babc of four.
  @Test func countsByHand() {
    let words = WordStatistics("a b A b\n a  b c")
    let shares: [Double?] = [3.0 / 7.0, 0.5, 0.6]
    #expect(words.distinct == shares)
    #expect(words.repetition == 0.25)
  }

  @Test func punctuationBelongsToItsWord() {
    let shares: [Double?] = [2.0 / 3.0, 1, 1]
    #expect(WordStatistics("end end. END").distinct == shares)
  }

  @Test func shortTextsHaveNoLongGrams() {
    #expect(WordStatistics("").distinct == [nil, nil, nil])
    #expect(WordStatistics("one two").distinct == [1, 1, nil])
    #expect(WordStatistics("a a a").repetition == nil)
    #expect(WordStatistics("a a a a").repetition == 0)
    #expect(WordStatistics("a a a a a").repetition == 0.5)
  }

  /// Numbers of words up to the largest in every place of a gram: all grams differ, then all come again.
  @Test func manyWordsAreToldApart() {
    let words = (0..<50_000).map { "w\($0)" }.joined(separator: " ")
    let once = WordStatistics(words)
    #expect(once.distinct == [1, 1, 1] && once.repetition == 0 && !once.isCut)
    let twice = WordStatistics(words + " " + words)
    let grams = 99_997.0
    #expect(twice.distinct == [0.5, 50_000 / 99_999.0, 50_000 / 99_998.0] as [Double?])
    #expect(twice.repetition == 1 - 50_000 / grams)
    #expect(!twice.isCut)
  }

  /// What follows the first 100,000 words changes nothing but that it was there.
  @Test func longTextsAreCut() {
    let whole = String(repeating: "a b ", count: 50_000)
    let text = WordStatistics(whole)
    let longer = WordStatistics(whole + "c d e")
    #expect(text.distinct[0] == 2 / 100_000.0)
    #expect(longer.distinct == text.distinct && longer.repetition == text.repetition)
    #expect(longer.isCut && !text.isCut)
  }
}
