/// The release that the library, the command-line tool and the C library belong to.
public enum SteeringVersion {
  /// Three numbers, for example `0.3.0`; its bytes are static and end with NUL.
  ///
  /// The one place where it is written: the Makefile reads it from here.
  public static var text: StaticString { "0.1.0" }
}
