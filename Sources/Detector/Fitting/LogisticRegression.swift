import Glibc

/// Logistic regression with an L2 penalty, by Newton's method.
///
/// Minimises C·Σ ln(1 + exp(−y (w·x + b))) + ‖w‖²/2 with y = ±1; the intercept b is not penalised
/// (scikit-learn's objective and its C). The minimum is unique and finite, of separable classes too.
/// Newton steps come from conjugate gradients with the Hessian's diagonal as preconditioner, so that no
/// matrix is built; a step is halved until the objective falls. Sums run in row order.
package struct LogisticRegression: Sendable {
  /// w, `[columns]`.
  package private(set) var weights: [Double]
  /// b.
  package private(set) var intercept: Double
  /// Newton steps that were taken.
  package private(set) var stepCount = 0
  /// Largest component of the objective's gradient at the end.
  package private(set) var gradient = Double.infinity

  /// Fits `rows`, `[labels, width]` row-major.
  ///
  /// - Throws: `tooFew` where a class has no row, `nonFinite`, and `field` for a C that is not above 0.
  package init(
    rows: [Double], width: Int, labels: [Bool], inverseStrength c: Double
  ) throws(DetectionError) {
    precondition(rows.count == labels.count * width, "rows are [labels, width]")
    guard c > 0, c.isFinite else {
      throw DetectionError(.field(name: "C", found: "\(c)", expected: "above 0"))
    }
    let positives = labels.count(where: { $0 })
    guard positives > 0 else {
      throw DetectionError(.tooFew(what: "rows with the structure", found: 0, needed: 1))
    }
    guard positives < labels.count else {
      throw DetectionError(.tooFew(what: "rows without the structure", found: 0, needed: 1))
    }
    guard rows.allSatisfy(\.isFinite) else { throw DetectionError(.nonFinite(what: "a row")) }
    weights = Array(repeating: 0, count: width)
    intercept = log(Double(positives) / Double(labels.count - positives))
    var problem = Problem(rows: rows, width: width, labels: labels, c: c)
    var point = weights + [intercept]
    var value = problem.linearise(at: point)
    while stepCount < 200 {
      gradient = problem.gradient.reduce(0) { max($0, abs($1)) }
      guard gradient > 1e-11 * (1 + c * Double(labels.count)) else { break }
      let step = problem.newtonStep()
      guard let next = problem.descend(from: point, along: step, value: value) else { break }
      (point, value) = next
      stepCount += 1
    }
    weights = Array(point[..<width])
    intercept = point[width]
  }

  /// The objective around one point (w, b), `[width + 1]`.
  private struct Problem {
    let rows: [Double]
    let width: Int
    let labels: [Bool]
    let c: Double
    /// ∂F/∂(w, b).
    var gradient: [Double] = []
    /// C·p(1 − p) per row.
    var curvature: [Double] = []
    /// Diagonal of the Hessian.
    var diagonal: [Double] = []

    init(rows: [Double], width: Int, labels: [Bool], c: Double) {
      self.rows = rows
      self.width = width
      self.labels = labels
      self.c = c
    }

    func margin(_ row: Int, _ point: [Double]) -> Double {
      var sum = point[width]
      for column in 0..<width { sum += rows[row * width + column] * point[column] }
      return sum
    }

    func value(at point: [Double]) -> Double {
      var loss = 0.0
      for row in labels.indices {
        let signed = labels[row] ? margin(row, point) : -margin(row, point)
        // ln(1 + exp(−s)) without overflow
        loss += max(-signed, 0) + log1p(exp(-abs(signed)))
      }
      var penalty = 0.0
      for column in 0..<width { penalty += point[column] * point[column] }
      return c * loss + penalty / 2
    }

    /// Sets gradient and curvature; the value at `point`.
    mutating func linearise(at point: [Double]) -> Double {
      gradient = point
      gradient[width] = 0
      diagonal = Array(repeating: 1, count: width) + [0]
      curvature = Array(repeating: 0, count: labels.count)
      for row in labels.indices {
        let p = 1 / (1 + exp(-margin(row, point)))
        let error = c * (p - (labels[row] ? 1 : 0))
        curvature[row] = c * p * (1 - p)
        for column in 0..<width {
          let x = rows[row * width + column]
          gradient[column] += error * x
          diagonal[column] += curvature[row] * x * x
        }
        gradient[width] += error
        diagonal[width] += curvature[row]
      }
      return value(at: point)
    }

    /// Hessian times a vector.
    func product(_ vector: [Double]) -> [Double] {
      var out = vector
      out[width] = 0
      for row in labels.indices {
        let factor = curvature[row] * margin(row, vector)
        for column in 0..<width { out[column] += factor * rows[row * width + column] }
        out[width] += factor
      }
      return out
    }

    /// −H⁻¹g, by preconditioned conjugate gradients.
    func newtonStep() -> [Double] {
      var step = [Double](repeating: 0, count: width + 1)
      var residual = gradient.map { -$0 }
      let inverse = diagonal.map { $0 > 0 ? 1 / $0 : 1 }
      func conditioned() -> [Double] { zip(residual, inverse).map { $0 * $1 } }
      var direction = conditioned()
      var energy = zip(residual, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let target = energy * 1e-12
      for _ in 0..<(2 * width + 20) where energy > target {
        let image = product(direction)
        let bend = zip(direction, image).reduce(0) { $0 + $1.0 * $1.1 }
        guard bend > 0 else { break }
        let length = energy / bend
        for index in step.indices {
          step[index] += length * direction[index]
          residual[index] -= length * image[index]
        }
        let next = conditioned()
        let nextEnergy = zip(residual, next).reduce(0) { $0 + $1.0 * $1.1 }
        let share = nextEnergy / energy
        for index in direction.indices { direction[index] = next[index] + share * direction[index] }
        energy = nextEnergy
      }
      return step
    }

    /// The first of step, step/2, step/4 ... that lowers the objective enough; nil where none does, at
    /// the limit of rounding.
    mutating func descend(
      from point: [Double], along step: [Double], value: Double
    ) -> ([Double], Double)? {
      let slope = zip(gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
      guard slope < 0 else { return nil }
      var length = 1.0
      // Close to the minimum the fall drowns in the rounding of the value itself: accept a full step then.
      let noise = 1e-13 * abs(value)
      for _ in 0..<60 {
        let next = zip(point, step).map { $0 + length * $1 }
        if self.value(at: next) <= value + 1e-4 * length * slope + noise {
          let reached = linearise(at: next)
          return (next, reached)
        }
        length /= 2
      }
      return nil
    }
  }
}
