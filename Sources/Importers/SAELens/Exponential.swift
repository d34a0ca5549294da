import Glibc

/// The exponential function and its inverse, without Foundation.
enum Exponential {
  /// exp(x), computed in f64 and rounded once.
  static func of(_ x: Float) -> Float { Float(exp(Double(x))) }

  /// ln(x), computed in f64 and rounded once.
  static func logarithm(of x: Float) -> Float { Float(log(Double(x))) }
}
