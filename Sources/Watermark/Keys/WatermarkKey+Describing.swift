// Whatever prints, dumps or interpolates a key gets its public parts.

extension WatermarkKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Name and fingerprint.
  public var description: String { "watermark key '\(id)' (\(fingerprint))" }

  /// Name and fingerprint.
  public var debugDescription: String { description }

  /// The public parts, without the secret.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "id": id, "fingerprint": fingerprint, "created": created, "retired": retired as Any,
        "follows": follows as Any, "bank": bank, "count": count, "documents": documents,
      ], displayStyle: .struct)
  }
}
