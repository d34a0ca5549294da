/// Pooled readings of every term of a plan, token by token: the arithmetic that documents, their segments,
/// blocks and streams share.
///
/// Sums are f64 in token order, and a reading of zero changes none of them: a stream that hands in every
/// monitored feature and a document that lists the active ones give the same bits.
struct LinearPools {
  let plan: LinearPlan
  /// Kept tokens so far.
  private(set) var tokenCount = 0
  /// Per term: the largest, the sum, the count, or the last of its readings.
  private var values: ContiguousArray<Double>

  /// No tokens.
  init(_ plan: LinearPlan) {
    self.plan = plan
    values = ContiguousArray(repeating: 0, count: plan.terms.count)
  }

  /// Starts the next kept token.
  mutating func beginToken() {
    tokenCount += 1
    for term in plan.forgetfulTerms { values[term] = 0 }
  }

  /// Takes the activation of `plan.features[place]` at the running token.
  mutating func add(_ activation: Float, at place: Int) {
    for index in plan.starts[place]..<plan.starts[place + 1] {
      let number = plan.termsOfFeature[index]
      let term = plan.terms[number]
      let reading = Double(term.reading(activation))
      switch term.pooling {
      case .maximum: if reading > values[number] { values[number] = reading }
      case .mean: values[number] += reading
      case .rate: if reading > 0 { values[number] += 1 }
      case .last: values[number] = reading
      }
    }
  }

  /// The pooled reading of a term; needs a kept token.
  func pooled(term number: Int) -> Double {
    switch plan.terms[number].pooling {
    case .maximum, .last: values[number]
    case .mean, .rate: values[number] / Double(tokenCount)
    }
  }

  /// intercept + Σ w (p − c) / s in the order of the terms; nil without a kept token or for a structure
  /// that is not linear.
  func score(structure: Int) -> Double? {
    guard tokenCount > 0, let part = plan.parts[structure] else { return nil }
    var score = part.intercept
    for number in part.terms {
      let term = plan.terms[number]
      score += term.weight * (pooled(term: number) - term.centre) / term.scale
    }
    return score
  }

  /// Back to no tokens.
  mutating func reset() {
    tokenCount = 0
    for term in values.indices { values[term] = 0 }
  }

  /// Takes over the state of pools of the same plan; allocates nothing.
  mutating func assign(_ other: LinearPools) {
    precondition(other.plan === plan, "pools of different plans")
    tokenCount = other.tokenCount
    for term in values.indices { values[term] = other.values[term] }
  }
}

extension LinearPools {
  /// Takes a kept token of a document.
  mutating func add(token: Int, of document: borrowing DocumentCodes) {
    beginToken()
    var place = 0
    for index in document.offsets[token]..<document.offsets[token + 1] {
      let feature = document.features[index]
      place = plan.place(of: feature, from: place)
      guard place < plan.features.count else { return }
      if plan.features[place] == feature { add(document.values[index], at: place) }
    }
  }
}
