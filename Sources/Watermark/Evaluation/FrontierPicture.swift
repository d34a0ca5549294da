import Detector
import Formats
import Steering

/// The frontiers of an evaluation as one SVG: what is found against what it costs in perplexity.
///
/// Drawn are points with both numbers, if finite, of frontiers that are found more often than by chance at
/// some strength: the interval's lower end above the nominal rate. Bars are 95 % intervals. It loads nothing
/// and follows the reader's choice of light or dark.
package struct FrontierPicture {
  private struct Series {
    var name: String
    var points: [(x: Double, xEnds: Interval?, y: Evaluation.Share, value: Double, title: String)]
  }

  private static let width = 760.0
  private static let plot = (left: 64.0, top: 20.0, right: 500.0, bottom: 350.0)
  private static let legendLine = 20.0

  private let rate: String
  private let series: [Series]

  /// Takes the frontiers of `evaluation`.
  package init(_ evaluation: WatermarkEvaluation) {
    let rate = evaluation.options.rates[0]
    self.rate = Cells.percent(rate)
    series = evaluation.frontiers.compactMap { frontier in
      guard frontier.points.contains(where: { ($0.found?.interval.lower ?? 0) > rate }) else {
        return nil
      }
      var found = Series(name: "\(frontier.method), by \(frontier.statistic)", points: [])
      for point in frontier.points {
        guard let share = point.found, let value = share.value, let ratio = point.perplexity,
          ratio.ratio.isFinite
        else { continue }
        let title =
          "strength \(Cells.strength(point.strength)): \(Cells.share(share)) % found,"
          + " perplexity ratio \(Cells.number(ratio.ratio, 3, ratio.interval))"
        found.points.append((ratio.ratio, ratio.interval, share, value, title))
      }
      return found.points.isEmpty ? nil : found
    }
  }

  /// The picture's text.
  package var svg: String {
    let plot = Self.plot
    let height = max(410, plot.top + Double(series.count) * Self.legendLine + 20)
    // Intervals may be far wider than the differences that are to be seen: they are cut.
    let x = PictureAxis(
      showing: [1] + series.flatMap { $0.points.map(\.x) }, from: plot.left, to: plot.right)
    let y = PictureAxis(ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], from: plot.bottom, to: plot.top)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.number(Self.width))"
        + " \(Self.number(height))\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">",
      "<title>Marked texts found at a false-alarm rate of \(rate), against perplexity</title>",
      Self.style(),
      "<rect class=\"page\" width=\"\(Self.number(Self.width))\" height=\"\(Self.number(height))\"/>",
    ]
    lines += frame(x, y)
    if series.isEmpty {
      lines.append(
        Self.text(
          "no method is found above its false-alarm rate, or no perplexity is known",
          (plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2, "middle"))
    }
    for (index, one) in series.enumerated() { lines += draw(one, index, x, y) }
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private func frame(_ x: PictureAxis, _ y: PictureAxis) -> [String] {
    let plot = Self.plot
    var lines: [String] = []
    for tick in x.ticks {
      let place = x.place(tick)
      lines.append(Self.line("grid", place, plot.top, place, plot.bottom))
      lines.append(Self.text(PictureAxis.label(tick), place, plot.bottom + 18, "middle"))
    }
    for tick in y.ticks {
      let place = y.place(tick)
      lines.append(Self.line("grid", plot.left, place, plot.right, place))
      lines.append(Self.text("\(PictureAxis.label(tick * 100)) %", plot.left - 8, place + 4, "end"))
    }
    lines.append(Self.line("axis", plot.left, plot.bottom, plot.right, plot.bottom))
    lines.append(Self.line("axis", plot.left, plot.top, plot.left, plot.bottom))
    lines.append(
      Self.text(
        "perplexity ratio to unmarked text", (plot.left + plot.right) / 2, plot.bottom + 42,
        "middle"))
    let middle = Self.number((plot.top + plot.bottom) / 2)
    lines.append(
      "<text x=\"14\" y=\"\(middle)\" text-anchor=\"middle\" transform=\"rotate(-90 14 \(middle))\">"
        + "found at a false-alarm rate of \(rate)</text>")
    return lines
  }

  private func draw(_ one: Series, _ index: Int, _ x: PictureAxis, _ y: PictureAxis) -> [String] {
    var lines = ["<g class=\"s\(index % Self.colours.count)\">"]
    let corners = one.points.map {
      "\(Self.number(x.place($0.x))),\(Self.number(y.place($0.value)))"
    }
    lines.append("<polyline class=\"way\" points=\"\(corners.joined(separator: " "))\"/>")
    for point in one.points {
      let (across, down) = (x.place(point.x), y.place(point.value))
      lines.append(
        Self.line(
          "bar", across, y.place(point.y.interval.lower), across, y.place(point.y.interval.upper)))
      if let ends = point.xEnds {
        lines.append(Self.line("bar", x.place(ends.lower), down, x.place(ends.upper), down))
      }
      lines.append(
        "<path class=\"mark\" d=\"\(Self.mark(index, across, down))\"><title>"
          + "\(Self.escaped(one.name)), \(point.title)</title></path>")
    }
    let (left, line) = (Self.plot.right + 24, Self.plot.top + Double(index) * Self.legendLine + 8)
    lines.append(Self.line("way", left, line, left + 22, line))
    lines.append("<path class=\"mark\" d=\"\(Self.mark(index, left + 11, line))\"/>")
    lines.append(Self.text(MessageText.plain(one.name), left + 30, line + 4, "start"))
    lines.append("</g>")
    return lines
  }
}

extension FrontierPicture {
  /// Light and dark colours of the series.
  fileprivate static let colours = [
    ("#0b6e4f", "#4fb286"), ("#c8553d", "#f08a6e"), ("#2b5fa8", "#7aa9e6"),
    ("#8a5a00", "#e0b04a"), ("#7b3f98", "#c391dd"), ("#00798c", "#4cc3d4"),
    ("#a8325e", "#e886ab"), ("#555555", "#b5b5b5"),
  ]

  fileprivate static func style() -> String {
    func rules(_ page: String, _ ink: String, _ colours: [String]) -> String {
      ".page{fill:\(page)}text{fill:\(ink)}.axis{stroke:\(ink)}"
        + colours.enumerated().map { ".s\($0.offset){--c:\($0.element)}" }.joined()
    }
    return "<style>" + rules("#ffffff", "#1f2328", colours.map(\.0))
      + ".grid{stroke:#888;stroke-opacity:.25}.way{fill:none;stroke:var(--c);stroke-width:1.4}"
      + ".bar{stroke:var(--c);stroke-width:1;stroke-opacity:.6}"
      + ".mark{fill:var(--c);stroke:var(--c)}"
      + "@media (prefers-color-scheme:dark){" + rules("#0d1117", "#e6edf3", colours.map(\.1))
      + "}</style>"
  }

  /// A circle, square, triangle, diamond or turned triangle about a place.
  fileprivate static func mark(_ index: Int, _ x: Double, _ y: Double) -> String {
    func shape(_ corners: [(Double, Double)]) -> String {
      "M" + corners.map { "\(number(x + $0.0)) \(number(y + $0.1))" }.joined(separator: "L") + "Z"
    }
    switch index % 5 {
    case 0: return "M\(number(x - 4)) \(number(y))a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z"
    case 1: return shape([(-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)])
    case 2: return shape([(0, -4.5), (4.5, 3.5), (-4.5, 3.5)])
    case 3: return shape([(0, -5), (5, 0), (0, 5), (-5, 0)])
    default: return shape([(0, 4.5), (4.5, -3.5), (-4.5, -3.5)])
    }
  }

  fileprivate static func line(
    _ name: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double
  ) -> String {
    "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\""
      + " y2=\"\(number(y2))\"/>"
  }

  fileprivate static func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: String
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(escaped(text))</text>"
  }

  fileprivate static func number(_ value: Double) -> String { Decimal.fixed(value, 1) }

  /// Text as XML takes it; control characters, which it does not, are spelt out.
  fileprivate static func escaped(_ text: String) -> String {
    MessageText.printable(text).map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: String(character)
      }
    }.joined()
  }
}
