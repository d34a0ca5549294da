import SAE
import Steering
import Tensors
import TestSupport
import Testing

@Suite struct RowBatchTests {
  static let types: [ElementType] = [.f32, .bf16, .f16]

  private func plan(_ sample: Sample, _ alpha: Double = 0.7) throws -> Plan {
    let interventions = [3, 11, 20].map {
      Intervention(feature: $0, mode: .clamp, alpha: alpha + Double($0) / 8)
    }
    return try Plan(PlanDocument(interventions), dictionary: try sample.dictionary())
  }

  /// Mixed plans, rows without one, a session at several rows: the same bits as one row at a time.
  @Test(arguments: Sample.all, types)
  func batchEqualsSingleRows(_ sample: Sample, _ type: ElementType) throws {
    let plans = [try plan(sample), try plan(sample, -2)]
    let owners: [Int?] = [0, 1, nil, 0, 2, nil, 1, 0]
    func sessions() -> [Session] { [0, 1, 0].map { Session(plans[$0]) } }

    let together = RowMemory(sample.rows(8), type, gap: 5)
    let batched = sessions()
    let outcomes = try together.apply(owners.map { $0.map { batched[$0] } })

    let single = sessions()
    for (index, row) in sample.rows(8).enumerated() {
      let alone = RowMemory([row], type)
      let owner = owners[index].map { single[$0] }
      #expect(try alone.apply([owner]) == [outcomes[index]])
      #expect(bits(alone.row(0)) == bits(together.row(index)), "row \(index)")
      #expect((outcomes[index] == .edited) == (owner != nil))
    }
    #expect(batched.map(\.position) == [3, 2, 1])
    #expect(single.map(\.counts) == batched.map(\.counts))
    #expect(together.gapsAreIntact)
  }

  /// A row of two bytes is what its f32 edit rounds to.
  @Test(arguments: [ElementType.bf16, .f16])
  func shortRowsAreRoundedOnce(_ type: ElementType) throws {
    let sample = Sample.all[0]
    let rows = RowMemory(sample.rows(4), type)
    let wide = RowMemory((0..<4).map(rows.row))
    let session = Session(try plan(sample))
    _ = try rows.apply(Array(repeating: session, count: 4))
    session.reset()
    _ = try wide.apply(Array(repeating: session, count: 4))
    for index in 0..<4 {
      let rounded = RowMemory([wide.row(index)], type)
      #expect(bits(rounded.row(0)) == bits(rows.row(index)))
    }
  }

  /// A refused row, wherever it stands, leaves all rows and sessions as they were.
  @Test(arguments: types, [0, 3, 7])
  func refusedRowLeavesTheBatch(_ type: ElementType, _ place: Int) throws {
    let sample = Sample.all[0]
    let shared = Session(try plan(sample))
    let other = Session(try plan(sample, -1))
    shared.seek(to: 40)
    var rows = sample.rows(8)
    rows[place][30] = .nan
    let memory = RowMemory(rows, type, gap: 2)
    let before = memory.bytes
    let sessions = (0..<8).map { $0 % 2 == 0 ? shared : other }
    do throws(RowBatch.Failure) {
      _ = try memory.apply(sessions)
      Issue.record("a NaN was accepted")
    } catch {
      #expect(error.row == place)
      #expect(error.error.code == .nonFinite)
      #expect(error.error.message.hasPrefix("row \(place), column 30 is NaN"))
    }
    #expect(memory.bytes == before)
    #expect(shared.position == 40 && other.position == 0)
    #expect(shared.counts == Session.Counts() && other.counts == Session.Counts())
  }

  /// f16 ends at 65,504: an edit beyond it is refused, and the rows before it are not written.
  @Test func editBeyondHalfPrecisionIsRefused() throws {
    let sample = Sample.all[0]
    let plan = try Plan(
      PlanDocument([Intervention(feature: 3, strength: .unit, alpha: 60_000)]),
      dictionary: try sample.dictionary())
    let direction = plan.dictionary.decoder.values(ofRow: 3, plan.dictionary.kernels)
    let large = direction.map { $0 > 0 ? 60_000 : -60_000 as Float }
    let memory = RowMemory([sample.rows(1)[0], large], .f16)
    let before = memory.bytes
    let session = Session(plan)
    do throws(RowBatch.Failure) {
      _ = try memory.apply([session, session])
      Issue.record("an overflow was accepted")
    } catch {
      #expect(error.row == 1)
      #expect(
        error.error.message
          == "row 1: the edited row does not fit into F16, expected a smaller alpha or f32 rows")
    }
    #expect(memory.bytes == before)
    #expect(session.position == 0)
  }

  @Test func positionsAreTakenAsGiven() throws {
    let sample = Sample.all[0]
    let plan = try Plan(
      PlanDocument(
        [Intervention(feature: 3, strength: .unit, alpha: 1)], scope: Scope(ranges: [5..<7])),
      dictionary: try sample.dictionary())
    let session = Session(plan)
    let memory = RowMemory(sample.rows(5))
    let outcomes = try memory.apply(
      Array(repeating: session, count: 5), positions: [6, 5, 4, 7, 5])
    #expect(outcomes == [.edited, .edited, .untouched, .untouched, .edited])
    #expect(session.position == 6)
    #expect(session.counts.rows == 5 && session.counts.rowsInScope == 3)
  }

  @Test func undefinedRowsAreReportedAndCounted() throws {
    var sample = Sample("relu, root width", { _ in .relu }, .rootWidthOverNorm)
    sample.subtractsDecoderBias = false
    let session = Session(try plan(sample))
    let zero = [Float](repeating: 0, count: 37)
    let memory = RowMemory([sample.rows(1)[0], zero])
    #expect(try memory.apply([session, session]) == [.edited, .undefined])
    #expect(bits(memory.row(1)) == bits(zero))
    #expect(session.counts.rowsUndefined == 1 && session.counts.rowsEdited == 1)
  }

  /// A plan whose own scope nobody uses does not bring rows into scope.
  @Test func unusedScopeOfThePlanDoesNotCount() throws {
    let plan = try Plan(
      PlanDocument([Intervention(feature: 3, alpha: 1, scope: Scope(ranges: [5..<6]))]),
      dictionary: try Sample.all[0].dictionary())
    let session = Session(plan)
    let row = [Float](repeating: .nan, count: 37)
    let memory = RowMemory([row])
    #expect(try memory.apply([session]) == [.untouched])
    #expect(session.counts.rowsInScope == 0)
  }
}
