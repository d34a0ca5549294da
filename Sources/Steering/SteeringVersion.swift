/// The release of the library, and of everything that is built with it.
public enum SteeringVersion {
  /// For example `0.1.0`.
  public static let text: StaticString = "0.1.0"
}
