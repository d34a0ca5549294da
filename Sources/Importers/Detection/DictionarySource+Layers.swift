extension DictionarySource {
  /// The file that was given, or the only one in the folder, whose name ends in one of `suffixes`.
  ///
  /// - Throws: `unknownLayout` when there is none or more than one; `layout` says what is expected.
  func requireName(
    endingIn suffixes: [String], _ layout: String
  ) throws(ImportError) -> String {
    // A layout that the caller names is read whatever its file is called.
    if let file { return file }
    guard let name = onlyName(endingIn: suffixes) else {
      throw ImportError(.unknownLayout(found: summary, accepted: [layout]), path: path)
    }
    return name
  }

  /// The files here that are named for one layer each, by `layer`, in the order of the layers.
  func layers(_ layer: (String) -> Int?) -> [(layer: Int, name: String)] {
    names.compactMap { name in layer(name).map { ($0, name) } }.sorted {
      ($0.layer, $0.name) < ($1.layer, $1.name)
    }
  }

  /// The one file that is meant: the only one, or that of `options.layer`.
  ///
  /// - Throws: `value` when there are several and no layer was asked for, or another than there is.
  func choose(
    _ candidates: [(layer: Int, name: String)], layer: Int?
  ) throws(ImportError) -> (layer: Int, name: String) {
    let found = candidates.filter { layer == nil || $0.layer == layer }
    if found.count == 1 { return found[0] }
    let listed = candidates.map { "\($0.layer)" }.joined(separator: ", ")
    throw ImportError(
      .value(
        key: "layer", found: layer.map { "\($0)" } ?? "not given",
        expected: "one of \(listed), the layers of the files"), path: path)
  }

  /// The file to read, of those named for a layer, else the only one with one of `suffixes`.
  ///
  /// - Throws: `value` when there is a choice that was not made, or one was made where there is none;
  ///   `unknownLayout` when there is no such file.
  func chooseFile(
    named number: (String) -> Int?, suffixes: [String], layer: Int?, _ layout: String
  ) throws(ImportError) -> (name: String, layer: Int?) {
    let candidates = layers(number)
    if !candidates.isEmpty {
      let chosen = try choose(candidates, layer: layer)
      return (chosen.name, chosen.layer)
    }
    let name = try requireName(endingIn: suffixes, layout)
    if let layer {
      throw ImportError(
        .value(
          key: "layer", found: "\(layer)",
          expected: "no layer: the name '\(name)' declares none"), path: path)
    }
    return (name, nil)
  }
}

/// Numbers in the names of files.
enum LayerName {
  /// The number between `prefix` and `suffix`, which are all the rest of `name`.
  static func number(in name: String, after prefix: String, before suffix: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix),
      name.utf8.count > prefix.utf8.count + suffix.utf8.count
    else { return nil }
    return digits(name.dropFirst(prefix.count).dropLast(suffix.count))
  }

  /// The number at the end of `name`, behind the last `mark`.
  static func number(atEndOf name: some StringProtocol, after mark: String) -> Int? {
    guard let start = name.lastIndex(of: mark.first ?? " ") else { return nil }
    let end = name[start...]
    guard end.hasPrefix(mark) else { return nil }
    return digits(end.dropFirst(mark.count))
  }

  private static func digits(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int32(text).map(Int.init)
  }
}
