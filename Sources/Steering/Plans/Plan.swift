import SAE
import Tensors

/// A plan compiled against a dictionary: every row that it needs, copied together and checked.
///
/// Compiling reads the decoder row of each steered feature, and the encoder row of each feature whose
/// activation matters; where features compete (TopK and its kind, blocks, matching pursuit) the whole
/// encoder, to rank against. Applying it then reads nothing else.
///
/// Thread rule: immutable; share it between sessions and threads.
public final class Plan: Sendable {
  /// The dictionary that it steers with.
  public let dictionary: SparseDictionary
  /// The document that it was compiled from.
  public let document: PlanDocument
  /// The steered features, ascending, each once.
  public let features: [Int]

  /// All edits, those of one slot together.
  let edits: [Edit]
  /// The edits of each slot, as places in `edits`.
  let editsOfSlot: [Range<Int>]
  let scopes: [Scope]
  /// Decoder rows of ``features``, `[features.count, outputWidth]`.
  let directions: RowMatrix
  /// 1/‖Dᵢ‖ per feature.
  let inverseNorms: [Float]
  /// max |Dᵢ| per feature: what bounds an edit before it is made.
  let directionMaxima: [Float]
  /// Sums of edits that are the same for every row; nil when they are not, or nothing is gained.
  let fixed: FixedEdits?
  /// Reads the features whose activation some edit needs; nil when none does.
  let encoder: SelectiveEncoder?
  /// Whether edits are in the units of normalised rows and must be scaled back per row.
  let needsRowScale: Bool
  /// Whether some edit is a fraction of the row's norm.
  let needsRowNorm: Bool

  /// Number of features whose activation is read.
  public var readingCount: Int { encoder?.features.count ?? 0 }
  /// Whether reading them takes the whole encoder, to rank against.
  public var ranks: Bool { encoder != nil && dictionary.activation.readsWholeEncoder }
  /// Whether some edit does not cover every row.
  public var needsPositions: Bool { scopes.contains { $0 != Scope() } }
  /// Width of the rows that it edits.
  public var width: Int { directions.width }

  /// One intervention, ready to be evaluated.
  struct Edit {
    var mode: Intervention.Mode
    /// Place in `features` and `directions`.
    var slot: Int
    /// Place in `encoder.features`; -1 when the activation is not needed.
    var reading: Int
    var scope: Int
    /// What `amount` multiplies.
    var unit: Unit
    var amount: Float
    /// 1/‖Dᵢ‖ of its feature.
    var inverseNorm: Float
    /// What one unit of its feature's activation adds of the stored row, before the row's own scale.
    var editScale: Float

    enum Unit: Int {
      /// Activation units: times Dᵢ (divided by its norm under rescaling), times the row's scale.
      case activation
      /// Row units: times D̂ᵢ.
      case length
      /// Fractions of the row's norm: times ‖x‖·D̂ᵢ.
      case fraction
    }
  }

  /// Compiles `document`.
  ///
  /// - Throws: `invalidPlan` naming the field; `nonFinite` for a NaN or infinite weight in a row that it
  ///   needs.
  public convenience init(
    _ document: PlanDocument, dictionary: SparseDictionary
  ) throws(SteeringError) {
    do throws(PlanError) {
      try document.check(featureCount: dictionary.featureCount)
      try Self.checkTaps(document, dictionary)
    } catch {
      throw SteeringError(error)
    }
    try self.init(checked: document, dictionary)
  }

  private init(
    checked document: PlanDocument, _ dictionary: SparseDictionary
  ) throws(SteeringError) {
    self.document = document
    self.dictionary = dictionary
    features = Array(Set(document.interventions.map(\.feature))).sorted()
    directions = dictionary.decoder.gatheringRows(features, dictionary.kernels)
    inverseNorms = try Self.checkedInverseNorms(directions, features, document, dictionary)
    let read = Array(
      Set(document.interventions.filter { $0.mode.needsActivation }.map(\.feature))
    ).sorted()
    do throws(DictionaryError) {
      encoder = read.isEmpty ? nil : try SelectiveEncoder(dictionary, features: read)
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    let slots = Self.places(features)
    let readings = Self.places(read)
    var scopes: [Scope] = []
    var placeOfScope: [Scope: Int] = [:]
    func place(_ scope: Scope) -> Int {
      let place = placeOfScope[scope] ?? scopes.count
      if place == scopes.count {
        placeOfScope[scope] = place
        scopes.append(scope)
      }
      return place
    }
    // Looked up once: it may have as many ranges as there are interventions.
    let usesCommonScope = document.interventions.contains { $0.scope == nil }
    let commonPlace = usesCommonScope ? place(document.scope) : 0
    var edits: [Edit] = []
    for intervention in document.interventions {
      let place = intervention.scope.map(place) ?? commonPlace
      edits.append(
        Edit(
          mode: intervention.mode, slot: slots[intervention.feature] ?? 0,
          reading: intervention.mode.needsActivation ? readings[intervention.feature] ?? -1 : -1,
          scope: place, unit: Self.unit(of: intervention), amount: Self.amount(of: intervention),
          inverseNorm: inverseNorms[slots[intervention.feature] ?? 0],
          editScale: dictionary.editScale(of: intervention.feature)))
    }
    self.scopes = scopes
    // One order for all orders of writing: the sum of a feature's edits must not depend on it.
    self.edits = edits.sorted {
      ($0.slot, $0.mode.rawValue, $0.amount, $0.unit.rawValue)
        < ($1.slot, $1.mode.rawValue, $1.amount, $1.unit.rawValue)
    }
    editsOfSlot = Self.runs(self.edits.map(\.slot), count: features.count)
    needsRowScale =
      dictionary.denormalisesOutput && dictionary.normalisation != .none
      && edits.contains { $0.unit == .activation && $0.mode != .projectOut }
    needsRowNorm = edits.contains { $0.unit == .fraction }
    let rows = directions
    directionMaxima = (0..<rows.rowCount).map {
      rows.largestMagnitude(ofRow: $0, dictionary.kernels)
    }
    fixed = FixedEdits(
      self.edits, scopeCount: scopes.count, slotCount: features.count, rows,
      needsRowScale: needsRowScale, dictionary)
  }

  /// Where each value stands.
  private static func places(_ values: [Int]) -> [Int: Int] {
    Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
  }

  /// The run of each of `0 ..< count` in a sorted list that holds each at least once.
  private static func runs(_ sorted: [Int], count: Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    for value in 0..<count {
      let end = sorted[start...].firstIndex { $0 != value } ?? sorted.count
      runs.append(start..<end)
      start = end
    }
    return runs
  }

  private static func unit(of intervention: Intervention) -> Edit.Unit {
    switch intervention.strength {
    case .decoder, .maximumActivation: .activation
    case .unit: .length
    case .relative: .fraction
    }
  }

  private static func amount(of intervention: Intervention) -> Float {
    guard intervention.strength == .maximumActivation else { return Float(intervention.alpha) }
    return Float(intervention.alpha * (intervention.maximumActivation ?? 1))
  }

  /// A transcoder's activations are read at one place and written at another: no row has both.
  private static func checkTaps(
    _ document: PlanDocument, _ dictionary: SparseDictionary
  ) throws(PlanError) {
    guard dictionary.kind == .transcoder else { return }
    for (index, intervention) in document.interventions.enumerated()
    where intervention.mode.needsActivation {
      throw PlanError(
        "interventions[\(index)].mode",
        .needsActivation(
          mode: intervention.mode.rawValue, reads: dictionary.input.hook ?? "its input",
          writes: dictionary.output.hook ?? "its output"))
    }
  }

  private static func checkedInverseNorms(
    _ directions: RowMatrix, _ features: [Int], _ document: PlanDocument,
    _ dictionary: SparseDictionary
  ) throws(SteeringError) -> [Float] {
    if let bad = directions.firstNonFinite(in: 0..<features.count, dictionary.kernels) {
      throw SteeringError(
        DictionaryError(
          .nonFiniteWeight(tensor: "decoder", row: features[bad.row], column: bad.column)),
        in: dictionary)
    }
    var inverses: [Float] = []
    for (slot, feature) in features.enumerated() {
      let norm = directions.norm(ofRow: slot, dictionary.kernels)
      let inverse = Float(1 / norm)
      guard norm > 0, inverse.isFinite else {
        let index = document.interventions.firstIndex { $0.feature == feature } ?? 0
        throw SteeringError(
          PlanError("interventions[\(index)].feature", .zeroDirection(feature: feature)))
      }
      inverses.append(inverse)
    }
    return inverses
  }
}
