/// One wish about one feature: what to do, how strongly, and on which rows.
public struct Intervention: Sendable, Equatable {
  /// What is done to the row. With Dᵢ the decoder row, fᵢ the activation before any edit, α ``alpha``.
  public enum Mode: String, Sendable, CaseIterable {
    /// x += α·Dᵢ (or another ``Strength``).
    case add
    /// x += (α − fᵢ)·Dᵢ: the activation becomes α, the SAE error stays.
    case clamp
    /// As clamp, only where fᵢ < α.
    case floor
    /// As clamp, only where fᵢ > α.
    case ceiling
    /// x += (α − 1)·fᵢ·Dᵢ.
    case scale
    /// x −= fᵢ·Dᵢ.
    case ablate
    /// x −= (x·D̂ᵢ)·D̂ᵢ.
    case projectOut = "project-out"

    /// Whether the feature's activation must be read.
    public var needsActivation: Bool {
      switch self {
      case .add, .projectOut: false
      case .clamp, .floor, .ceiling, .scale, .ablate: true
      }
    }

    /// Whether ``Intervention/alpha`` means something.
    public var takesAlpha: Bool { self != .ablate && self != .projectOut }
  }

  /// The unit of ``Intervention/alpha``.
  public enum Strength: String, Sendable, CaseIterable {
    /// Multiples of the decoder row as stored; for clamp, floor and ceiling an activation.
    case decoder
    /// add only: α·D̂ᵢ, the length of the edit in the units of the row.
    case unit
    /// add only: α·‖x‖·D̂ᵢ, the length of the edit as a fraction of the row's.
    case relative
    /// Multiples of the feature's largest known activation, ``Intervention/maximumActivation``.
    case maximumActivation = "max-activation"

    /// The strengths that `mode` can be given in.
    public static func accepted(by mode: Mode) -> [Strength] {
      switch mode {
      case .add: [.decoder, .unit, .relative, .maximumActivation]
      case .clamp, .floor, .ceiling: [.decoder, .maximumActivation]
      case .scale, .ablate, .projectOut: [.decoder]
      }
    }
  }

  /// The feature.
  public var feature: Int
  /// What is done.
  public var mode: Mode
  /// The unit of `alpha`.
  public var strength: Strength
  /// The amount; ignored by ablate and project-out.
  public var alpha: Double
  /// The feature's largest activation, needed by ``Strength/maximumActivation``; positive.
  public var maximumActivation: Double?
  /// The rows it applies to; nil for the plan's own scope.
  public var scope: Scope?

  /// Makes an intervention.
  public init(
    feature: Int, mode: Mode = .add, strength: Strength = .decoder, alpha: Double = 0,
    maximumActivation: Double? = nil, scope: Scope? = nil
  ) {
    self.feature = feature
    self.mode = mode
    self.strength = strength
    self.alpha = alpha
    self.maximumActivation = maximumActivation
    self.scope = scope
  }
}
