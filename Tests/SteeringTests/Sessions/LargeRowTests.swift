import SAE
import Steering
import Tensors
import TestSupport
import Testing

/// Rows at the edge of what their type holds: small edits go through, large ones are refused.
@Suite struct LargeRowTests {
  private static func largest(_ type: ElementType) -> Float {
    switch type {
    case .f32: .greatestFiniteMagnitude
    case .bf16: Float(bitPattern: 0x7F7F_0000)
    default: 65_504
    }
  }

  private func session(_ alpha: Double) throws -> Session {
    let adds = [3, 11].map { Intervention(feature: $0, strength: .unit, alpha: alpha) }
    return Session(try Plan(PlanDocument(adds), dictionary: try Sample.all[0].dictionary()))
  }

  private func edgeRow(_ type: ElementType) throws -> [Float] {
    let dictionary = try Sample.all[0].dictionary()
    // Where the edit points outwards, in every column.
    var delta = [Float](repeating: 0, count: 37)
    for feature in [3, 11] {
      let norm = Float(1 / dictionary.decoder.norm(ofRow: feature, dictionary.kernels))
      dictionary.decoder.axpy(feature, scale: norm, into: &delta, dictionary.kernels)
    }
    return delta.map { $0 < 0 ? -Self.largest(type) : Self.largest(type) }
  }

  /// Up to where no look at the result is needed, and beyond.
  @Test(arguments: [ElementType.f32, .bf16, .f16], [1e-3, 1, 4, 6, 9])
  func smallEditsOfTheLargestRowsStayFinite(_ type: ElementType, _ alpha: Double) throws {
    let memory = RowMemory([try edgeRow(type)], type)
    #expect(try memory.apply([try session(alpha)]) == [.edited])
    #expect(memory.row(0).allSatisfy { $0.isFinite })
  }

  @Test(arguments: [(ElementType.f32, 3e37), (.bf16, 3e37), (.f16, 400)])
  func largeEditsAreRefused(_ type: ElementType, _ alpha: Double) throws {
    let memory = RowMemory([try edgeRow(type)], type)
    let before = memory.bytes
    let session = try session(alpha)
    do throws(RowBatch.Failure) {
      _ = try memory.apply([session])
      Issue.record("expected a refusal")
    } catch {
      #expect(error.error.code == .nonFinite)
    }
    #expect(memory.bytes == before)
    #expect(session.position == 0)
  }

  /// Ways to ask for an edit: known beforehand, in proportion to the row, or to what the row activates.
  enum Kind: String, CaseIterable, Sendable {
    case fixed
    case relative
    case clamp

    /// Σ of the rows that an alpha of 1 adds for each of `features` to a row of length 1.
    func direction(_ features: [Int], _ dictionary: SparseDictionary) -> [Float] {
      var sum = [Float](repeating: 0, count: dictionary.outputWidth)
      for feature in features {
        let norm = dictionary.decoder.norm(ofRow: feature, dictionary.kernels)
        let scale = self == .relative ? Float(1 / norm) : 1
        dictionary.decoder.axpy(feature, scale: scale, into: &sum, dictionary.kernels)
      }
      return sum
    }

    func edit(_ feature: Int, _ alpha: Double) -> Intervention {
      switch self {
      case .fixed: Intervention(feature: feature, alpha: alpha)
      case .relative: Intervention(feature: feature, strength: .relative, alpha: alpha)
      case .clamp: Intervention(feature: feature, mode: .clamp, alpha: alpha)
      }
    }
  }

  /// A row of zeros but for the largest number where the edit is largest, and the edit of `size` there.
  private func edge(
    _ kind: Kind, _ features: [Int], _ type: ElementType, size: Double
  ) throws -> (row: [Float], session: Session) {
    let dictionary = try Sample.all[0].dictionary()
    let direction = kind.direction(features, dictionary)
    let place = try #require(
      direction.indices.max { abs(direction[$0]) < abs(direction[$1]) })
    var row = [Float](repeating: 0, count: direction.count)
    row[place] = direction[place] < 0 ? -Self.largest(type) : Self.largest(type)
    var alpha = size / Double(abs(direction[place]))
    if kind == .relative { alpha /= Double(Self.largest(type)) }
    let edits = features.map { kind.edit($0, alpha) }
    return (row, Session(try Plan(PlanDocument(edits), dictionary: dictionary)))
  }

  /// One feature, for which the bound of the edit is exact, and two, which `.clamp` finds silent.
  private func features(_ kind: Kind, _ type: ElementType) throws -> [[Int]] {
    guard kind == .clamp else { return [[3], [3, 11]] }
    let weights = Sample.all[0].weights
    func isSilent(_ features: [Int]) throws -> Bool {
      let row = try edge(kind, features, type, size: 1).row
      return features.allSatisfy { feature in
        let z = row.indices.reduce(Double(weights.encoderBias[feature])) {
          $0 + Double(row[$1]) * Double(weights.encoder[feature * weights.width + $1])
        }
        return z < 0 && z > -1e38
      }
    }
    let one = try #require(try (0..<48).first { try isSilent([$0]) })
    let other = try #require(try (0..<48).first { try $0 != one && isSilent([one, $0]) })
    return [[one], [one, other]]
  }

  /// Half of a type's last step below infinity: the least that pushes its largest number out.
  private static func halfStep(_ type: ElementType) -> Double {
    switch type {
    case .f32: 0x1p103
    case .bf16: 0x1p119
    default: 16
    }
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16], Kind.allCases)
  func theLeastEditThatOverflowsIsRefused(_ type: ElementType, _ kind: Kind) throws {
    for features in try features(kind, type) {
      for factor in [17.0 / 16, 1.5, 2] {
        let (row, session) = try edge(
          kind, features, type, size: factor * Self.halfStep(type))
        let memory = RowMemory([row], type)
        let before = memory.bytes
        do throws(RowBatch.Failure) {
          _ = try memory.apply([session])
          Issue.record("expected a refusal of \(factor) half steps of \(features)")
        } catch {
          #expect(error.error.code == .nonFinite)
        }
        #expect(memory.bytes == before)
        #expect(session.position == 0)
      }
      for factor in [0.25, 15.0 / 16] {
        let (row, session) = try edge(
          kind, features, type, size: factor * Self.halfStep(type))
        let memory = RowMemory([row], type)
        #expect(try memory.apply([session]) == [.edited])
        #expect(memory.row(0).allSatisfy { $0.isFinite })
      }
    }
  }

  /// A large edit that fits has the bits of the same edit in f32, rounded.
  @Test(arguments: [(ElementType.f32, 1e31), (.bf16, 1e31), (.f16, 100)])
  func largeEditsThatFitAreWritten(_ type: ElementType, _ alpha: Double) throws {
    let rows = RowMemory(Sample.all[0].rows(3), type)
    let wide = RowMemory((0..<3).map(rows.row))
    let session = try session(alpha)
    _ = try rows.apply([session, session, session])
    _ = try wide.apply([session, session, session])
    for index in 0..<3 {
      #expect(bits(rows.row(index)) == bits(RowMemory([wide.row(index)], type).row(0)))
    }
  }
}
