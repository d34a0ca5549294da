import Glibc
import Steering

/// One axis of a picture: values to places, and where its ticks are. Any numbers make one.
package struct PictureAxis {
  /// The largest number that has room: differences of such are finite.
  private static let limit = 1e300

  /// What is shown, both ends at ticks.
  let values: ClosedRange<Double>
  /// Where that lies in the picture; the second may be smaller.
  let places: (from: Double, to: Double)
  package let ticks: [Double]

  /// An axis on which all of `shown` has room, with about five steps of 1, 2 or 5 times a power of ten.
  ///
  /// What is not finite is left out, and what is beyond 10^300 is shown there; nothing at all is as [0, 1].
  package init(showing shown: [Double], from: Double, to: Double) {
    let shown = shown.filter(\.isFinite).map { min(max($0, -Self.limit), Self.limit) }
    var low = shown.min() ?? 0
    var high = shown.max() ?? 1
    let size = max(1, abs(low), abs(high))
    if high - low < 1e-3 * size {
      let room = size < 2 ? 0.05 : 0.05 * size
      low -= room
      high += room
    }
    let rough = (high - low) / 5
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5].first { $0 * power >= rough } ?? 10)
    // The quotients are below 10^4: the difference is at least a thousandth of either end.
    let first = Int(floor(low / step + 1e-9))
    let last = Int(ceil(high / step - 1e-9))
    ticks = (first...last).map { Double($0) * step }
    values = Double(first) * step...Double(last) * step
    places = (from, to)
  }

  /// An axis with these ticks, ascending.
  init(ticks: [Double], from: Double, to: Double) {
    self.ticks = ticks
    values = (ticks.first ?? 0)...(ticks.last ?? 1)
    places = (from, to)
  }

  /// Where a value lies; the nearer end for one outside, the lower for what is no number.
  package func place(_ value: Double) -> Double {
    let inside =
      value.isNaN ? values.lowerBound : min(max(value, values.lowerBound), values.upperBound)
    let part = (inside - values.lowerBound) / (values.upperBound - values.lowerBound)
    return places.from + part * (places.to - places.from)
  }

  /// A tick's number, without rounding noise.
  static func label(_ value: Double) -> String {
    abs(value) < 1e-12 ? "0" : Decimal.significant(value, 4)
  }
}
