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
