import Formats
import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct ActivationEncodingTests {
  private func encoding(
    _ dictionary: SparseDictionary, _ rows: [[Float]], _ folder: TemporaryFolder
  ) throws -> ActivationEncoding {
    let recording = Recording(.raw, .f32, rows)
    let path = try recording.write(folder)
    return try ActivationEncoding(
      try Activations(path, shape: recording.givenShape), with: dictionary)
  }

  private func integers(_ path: String, _ name: String) throws -> [Int] {
    try #require(try SafetensorsFile.open(path)[name]?.integers())
  }

  @Test(arguments: Sample.all)
  func sparseOutputHoldsTheCodes(_ sample: Sample) throws {
    let folder = try TemporaryFolder()
    let rows = sample.rows(40)
    var encoding = try encoding(try sample.dictionary(), rows, folder)
    let path = folder.file("out.safetensors")
    try encoding.write(to: path, dense: false, decode: false)
    let offsets = try integers(path, "row_offsets")
    let indices = try integers(path, "indices")
    let values = try readFloats(path, "values")
    #expect(offsets.count == 41 && offsets.first == 0 && offsets.last == indices.count)
    #expect(values.count == indices.count)
    let oracle = Oracle(sample: sample)
    for (row, x) in rows.enumerated() {
      let f = oracle.activations(x.map(Double.init))
      let range = offsets[row]..<offsets[row + 1]
      #expect(Array(indices[range]) == f.indices.filter { f[$0] != 0 }, "row \(row)")
      for place in range { #expect(abs(Double(values[place]) - f[indices[place]]) < 1e-4) }
    }
    #expect(encoding.report.outputPath == path)
    #expect(
      encoding.report.tensors == [
        "row_offsets I64 [41]", "indices I32 [\(indices.count)]", "values F32 [\(indices.count)]",
        "norms F32 [40]",
      ])
    let norms = rows.map { Float($0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()) }
    #expect(try readFloats(path, "norms") == norms)
    #expect(try SafetensorsFile.open(path).tensors.count == 4)
  }

  @Test(arguments: Sample.all)
  func denseAndDecodedOutputMatchTheOracle(_ sample: Sample) throws {
    let folder = try TemporaryFolder()
    let rows = sample.rows(20)
    var encoding = try encoding(try sample.dictionary(), rows, folder)
    let path = folder.file("out.safetensors")
    try encoding.write(to: path, dense: true, decode: true)
    let file = try SafetensorsFile.open(path)
    #expect(file["features"]?.shape == [20, 48])
    #expect(file["decoded"]?.shape == [20, 37])
    #expect(file["forward"] == nil)
    let features = try readFloats(path, "features")
    let decoded = try readFloats(path, "decoded")
    let oracle = Oracle(sample: sample)
    for (row, x) in rows.enumerated() {
      let f = oracle.activations(x.map(Double.init))
      for feature in f.indices {
        #expect(abs(Double(features[row * 48 + feature]) - f[feature]) < 1e-4)
      }
      let expected = oracle.decoded(x.map(Double.init))
      for (column, value) in expected.enumerated() {
        #expect(abs(Double(decoded[row * 37 + column]) - value) < 1e-4 * (1 + abs(value)))
      }
    }
  }

  @Test func skipTranscoderWritesForward() throws {
    let sample = Sample.all[0]
    var generator = SplitMix64(seed: 33)
    var parts = sample.parts()
    parts.kind = .transcoder
    let skip = generator.normals(37 * 37, scale: 0.1)
    parts.skip = RowMatrix(rowCount: 37, width: 37, values: skip)
    let folder = try TemporaryFolder()
    let rows = sample.rows(6)
    var encoding = try encoding(try SparseDictionary(parts), rows, folder)
    #expect(encoding.report.all.fvu == nil)
    #expect(encoding.report.all.cosine == nil)
    let path = folder.file("out.safetensors")
    try encoding.write(to: path, dense: false, decode: true)
    let decoded = try readFloats(path, "decoded")
    let forward = try readFloats(path, "forward")
    for (row, x) in rows.enumerated() {
      for column in 0..<37 {
        let linear = (0..<37).reduce(0.0) {
          $0 + Double(skip[column * 37 + $1]) * Double(x[$1])
        }
        let place = row * 37 + column
        #expect(abs(Double(forward[place] - decoded[place]) - linear) < 1e-4)
      }
    }
  }

  @Test(arguments: [Sample.all[0], Sample.all[3], Sample.all[6]])
  func reportMatchesTheOracle(_ sample: Sample) throws {
    let folder = try TemporaryFolder()
    let rows = sample.rows(50)
    let report = try encoding(try sample.dictionary(), rows, folder).report
    let oracle = Oracle(sample: sample)
    let doubles = rows.map { $0.map(Double.init) }
    let f = doubles.map(oracle.activations)
    let active = f.map { row in row.count { $0 != 0 } }
    let l0 = try #require(report.all.l0)
    #expect(abs(l0 - Double(active.reduce(0, +)) / 50) < 1e-9)
    #expect(report.all.aliveCount == (0..<48).count { i in f.contains { $0[i] != 0 } })
    #expect(
      abs(report.all.maximumActivation - (f.joined().map { abs($0) }.max() ?? 0)) < 1e-4)
    let mean = (0..<37).map { column in doubles.reduce(0) { $0 + $1[column] } / 50 }
    var error = 0.0
    var variance = 0.0
    var cosine = 0.0
    for x in doubles {
      let estimate = oracle.decoded(x)
      error += zip(estimate, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      variance += zip(x, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      cosine += oracle.dot(estimate, x) / (oracle.norm(estimate) * oracle.norm(x)) / 50
    }
    let fvu = try #require(report.all.fvu)
    #expect(abs(fvu - error / variance) < 1e-4)
    let meanCosine = try #require(report.all.cosine)
    #expect(abs(meanCosine - cosine) < 1e-4)
    #expect(report.ordinary.rowCount == 50)
  }

  @Test func undefinedRowsAreListedAndNaN() throws {
    let sample = Sample("norm", { _ in .relu }, .rootWidthOverNorm)
    let folder = try TemporaryFolder()
    var rows = sample.rows(5)
    rows[3] = Array(repeating: 0, count: 37)
    var encoding = try encoding(try sample.dictionary(), rows, folder)
    #expect(encoding.report.undefinedRows == [3])
    #expect(encoding.report.all.rowCount == 4)
    let path = folder.file("out.safetensors")
    try encoding.write(to: path, dense: true, decode: true)
    let features = try readFloats(path, "features")
    let decoded = try readFloats(path, "decoded")
    for row in 0..<5 {
      #expect(features[(row * 48)..<(row * 48 + 48)].allSatisfy { $0.isNaN == (row == 3) })
      #expect(decoded[(row * 37)..<(row * 37 + 37)].allSatisfy { $0.isNaN == (row == 3) })
    }
  }

  @Test func failingRowIsNamedInTheFile() throws {
    let sample = Sample.all[0]
    let folder = try TemporaryFolder()
    var rows = sample.rows(700)
    rows[611][4] = .infinity
    let dictionary = try sample.dictionary()
    let error = try #require(
      steeringError { _ = try encoding(dictionary, rows, folder) })
    #expect(error.code == .nonFinite)
    #expect(
      error.message == "\(folder.file("in.bin")): row 611, column 4 is NaN or infinite,"
        + " expected a finite number")
  }
}
