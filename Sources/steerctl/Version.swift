/// The release that this tool belongs to.
enum Version {
  static let text = "0.1.0"
}
