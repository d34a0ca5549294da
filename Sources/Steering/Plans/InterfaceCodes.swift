// The numbers by which `steering.h` knows modes, strengths and phases: their places in the order of
// declaration, frozen with the interface.

extension Intervention.Mode {
  /// The STEER_MODE_ constant.
  package var code: Int32 { Int32(Self.allCases.firstIndex(of: self) ?? 0) }

  package init?(code: Int32) {
    guard let mode = Self.allCases.element(at: code) else { return nil }
    self = mode
  }
}

extension Intervention.Strength {
  /// The STEER_STRENGTH_ constant.
  package var code: Int32 { Int32(Self.allCases.firstIndex(of: self) ?? 0) }

  package init?(code: Int32) {
    guard let strength = Self.allCases.element(at: code) else { return nil }
    self = strength
  }
}

extension Scope.Phase {
  /// The STEER_PHASE_ constant.
  package var code: Int32 { Int32(Self.allCases.firstIndex(of: self) ?? 0) }

  package init?(code: Int32) {
    guard let phase = Self.allCases.element(at: code) else { return nil }
    self = phase
  }
}

extension Array {
  fileprivate func element(at code: Int32) -> Element? {
    indices.contains(Int(code)) ? self[Int(code)] : nil
  }
}
