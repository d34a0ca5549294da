import Glibc

/// The exponential function, without Foundation.
enum Exponential {
  /// exp(x), computed in f64 and rounded once.
  static func of(_ x: Float) -> Float { Float(exp(Double(x))) }
}
