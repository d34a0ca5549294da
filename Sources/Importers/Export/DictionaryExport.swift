import Formats
import SAE
import Tensors

/// The forms in which a dictionary can be written; the raw value is what `--to` takes.
public enum ExportTarget: String, Sendable, CaseIterable {
  /// SAELens 6: `cfg.json` and `sae_weights.safetensors`.
  case saelens
  /// This library's compact form: `dictionary.json` and `weights.safetensors`.
  case native
}

/// What the caller decides about a dictionary that is written.
public struct ExportOptions: Sendable, Equatable {
  /// The stored types that weights may be written in.
  public enum WeightType: String, Sendable, CaseIterable {
    /// IEEE binary32.
    case f32
    /// The upper half of an f32.
    case bf16
    /// IEEE binary16.
    case f16

    var element: ElementType {
      switch self {
      case .f32: .f32
      case .bf16: .bf16
      case .f16: .f16
      }
    }
  }

  /// The type of the matrices; nil to keep each as it is. Biases and thresholds stay f32.
  public var type: WeightType?
  /// Whether numbers may change, as little as the target needs; otherwise that is an error.
  public var allowsRounding: Bool
  /// Whether the int8 form of the encoder is written too, which only ``ExportTarget/native`` holds.
  public var accelerates: Bool

  /// Makes options; the defaults change no number.
  public init(type: WeightType? = nil, allowsRounding: Bool = false, accelerates: Bool = false) {
    self.type = type
    self.allowsRounding = allowsRounding
    self.accelerates = accelerates
  }
}

/// What became of a dictionary that was written.
public struct ExportReport: Sendable, Equatable {
  /// A file that was written.
  public struct File: Sendable, Equatable {
    /// Its name in the folder.
    public var name: String
    /// Its length in bytes.
    public var byteCount: Int
  }

  /// Numbers of one array that are not what they were.
  public struct Rounding: Sendable, Equatable {
    /// The array's name in the target.
    public var tensor: String
    /// How many numbers changed.
    public var changedCount: Int
    /// How many numbers it has.
    public var count: Int
    /// The largest |written − exact| / |exact|, of the value that exact arithmetic gives.
    public var largestRelativeChange: Double
  }

  /// The int8 form of an encoder, beside its weights.
  public struct Accelerator: Sendable, Equatable {
    /// What share of a row's length it loses, mean of all rows.
    public var meanLoss: Double
    /// The file.
    public var file: File
  }

  /// The files, configuration first.
  public var files: [File] = []
  /// What was made for fast encoding, where that was asked for.
  public var accelerator: Accelerator?
  /// What was folded or written in another way; empty where everything was written as it is.
  public var changes: [LedgerEntry] = []
  /// Arrays with changed numbers; empty for an exact copy.
  public var roundings: [Rounding] = []
}

/// Writes dictionaries as folders that this library and, of the target's, the publisher's own reads.
package enum DictionaryExport {
  /// How far the work is, in bytes: done and in all.
  package typealias Progress = (_ done: Int, _ total: Int) -> Void

  /// Writes `dictionary` to the new folder `folder`, which appears complete or not at all.
  ///
  /// Memory: a few tiles of rows; with `options.accelerates` the int8 form as well, until it is written, and
  /// where the encoder is written as f16 all its rows in f32, since that is what the form is of. Every
  /// weight is checked for NaN and infinity first.
  package static func write(
    _ dictionary: SparseDictionary, as target: ExportTarget, to folder: String,
    options: ExportOptions = ExportOptions(), progress: Progress = { _, _ in }
  ) throws(ExportError) -> ExportReport {
    switch target {
    case .saelens:
      try saelens(dictionary, to: folder, options: options, progress: progress)
    case .native:
      try native(dictionary, to: folder, options: options, progress: progress)
    }
  }

  /// Throws where dictionaries of `format` are of a kind that no target holds.
  package static func check(_ format: DictionaryFormat, for target: ExportTarget)
    throws(ExportError)
  {
    guard format.isCrossLayer else { return }
    throw ExportError(
      .cannotHold(
        target: target, what: "a cross-layer transcoder (\(format.rawValue))",
        why: "each of its features writes to several layers, and the form has one decoder"))
  }

  /// Throws unless nothing is at `folder`.
  package static func checkFree(_ folder: String) throws(ExportError) {
    let isFree = try ExportError.writing { () throws(FormatError) in
      try OutputFolder.isFree(folder)
    }
    guard isFree else { throw ExportError(.exists(folder: folder)) }
  }

  static func checkWeights(_ dictionary: SparseDictionary) throws(ExportError) {
    do throws(DictionaryError) {
      try dictionary.checkFiniteWeights()
    } catch {
      throw ExportError(.dictionary(error))
    }
  }
}
