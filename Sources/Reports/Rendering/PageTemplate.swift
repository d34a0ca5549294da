import Tensors

/// The page without its data: the embedded files put together, with a policy that lets nothing else in.
///
/// The policy names the SHA-256 of the one style sheet and the one script: text of a document that found
/// its way into the markup would still not run, and nothing is ever fetched.
struct PageTemplate {
  /// The page up to where the data goes, and what follows it.
  let head: String
  let tail: String

  init(title: String) {
    let style = Self.text(PackageResources.page_css)
    let script = Self.script
    let policy =
      "default-src 'none'; base-uri 'none'; form-action 'none'; style-src '\(Self.source(style))';"
      + " script-src '\(Self.source(script))'"
    let page = Self.text(PackageResources.page_html)
    var parts: [String] = []
    var rest = page[...]
    for (marker, value) in [
      ("{{policy}}", policy), ("{{title}}", Self.escaped(title)), ("{{style}}", style),
      ("{{data}}", ""), ("{{script}}", script),
    ] {
      guard let place = Self.range(of: marker, in: rest) else {
        fatalError("the page's template has no \(marker)")
      }
      parts.append(String(rest[..<place.lowerBound]))
      parts.append(value)
      rest = rest[place.upperBound...]
    }
    head = parts[..<7].joined()
    tail = parts[8...].joined() + rest
  }

  /// One function around all files: nothing of them is global.
  private static var script: String {
    let files = [
      PackageResources.text_js, PackageResources.charts_js, PackageResources.panels_js,
      PackageResources.table_js, PackageResources.document_js, PackageResources.page_js,
    ]
    return "(() => {\n\"use strict\";\n" + files.map(text).joined(separator: "\n") + "})();\n"
  }

  /// The name of an inline text in a content security policy.
  private static func source(_ text: String) -> String {
    var digest = Digest()
    digest.update(raw: Array(text.utf8).span.bytes)
    return "sha256-" + base64(digest.finish())
  }

  /// RFC 4648, with padding.
  static func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let rest = bytes.count - start
      var group = UInt32(bytes[start]) << 16
      if rest > 1 { group |= UInt32(bytes[start + 1]) << 8 }
      if rest > 2 { group |= UInt32(bytes[start + 2]) }
      for place in 0..<4 {
        text.append(place <= rest ? letters[Int(group >> (18 - 6 * UInt32(place)) & 63)] : "=")
      }
    }
    return text
  }

  /// Text as it may stand in an element or a quoted attribute.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\u{0}"..<" ": escaped += " "
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func range(of marker: String, in text: Substring) -> Range<Substring.Index>? {
    var start = text.startIndex
    while let found = text[start...].firstIndex(of: "{") {
      if text[found...].hasPrefix(marker) {
        return found..<text.index(found, offsetBy: marker.count)
      }
      start = text.index(after: found)
    }
    return nil
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
