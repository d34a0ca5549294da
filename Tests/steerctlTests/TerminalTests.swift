import Foundation
import TestSupport
import Testing

/// What a person sees at a terminal, through a pseudo-terminal that `script` opens.
@Suite struct TerminalTests {
  private func shown(_ environment: String, columns: Int) throws -> String {
    let command = "stty cols \(columns); \(environment) '\(try Tool.path())' inspect"
    let result = try Tool.run("/usr/bin/script", ["-qec", command, "/dev/null"])
    #expect(result.status == 0, "\(result.error)")
    return result.output.replacing("\r\n", with: "\n")
  }

  @Test func aNarrowTerminalGetsAListInsteadOfATable() throws {
    let wide = try shown("NO_COLOR=1", columns: 200)
    #expect(wide.contains("  what "))
    #expect(wide.contains("subtracted before encoding  "))
    let narrow = try shown("NO_COLOR=1", columns: 80)
    #expect(!narrow.contains("  what "))
    #expect(narrow.contains("  decoder bias: subtracted before encoding\n      cfg '"))
  }

  @Test func colourIsForTerminalsThatWantIt() throws {
    #expect(try shown("NO_COLOR= TERM=xterm", columns: 200).contains("\u{1B}[1m"))
    #expect(try !shown("NO_COLOR=1 TERM=xterm", columns: 200).contains("\u{1B}"))
    #expect(try !shown("NO_COLOR= TERM=dumb", columns: 200).contains("\u{1B}"))
  }
}
