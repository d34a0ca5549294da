import Foundation
import SAE
import Steering
import Tensors
import Testing
import TestSupport

/// Opening a large dictionary and steering a row must cost what the plan needs, not the whole file.
@Suite(.serialized) struct OpeningCostTests {
  private static let width = 2304
  private static let features = 16_384
  private static let pageSize = 4096

  /// A JumpReLU dictionary of about 151 MB, bf16, in SAELens' layout.
  private static func write(_ folder: TemporaryFolder) throws {
    try folder.write(
      """
      {"architecture": "jumprelu", "d_in": \(Self.width), "d_sae": \(Self.features),
       "dtype": "bfloat16", "device": "cpu", "apply_b_dec_to_input": false,
       "normalize_activations": "none", "reshape_activations": "none", "metadata": {}}
      """, to: "cfg.json")
    let matrix = Self.width * Self.features * 2
    let vectors = [("b_dec", Self.width), ("b_enc", Self.features), ("threshold", Self.features)]
    var entries: [String] = []
    var end = 0
    func entry(_ name: String, _ shape: [Int], _ size: Int) {
      entries.append(
        "\"\(name)\": {\"dtype\": \"BF16\", \"shape\": \(shape), \"data_offsets\":"
          + " [\(end), \(end + size)]}")
      end += size
    }
    entry("W_dec", [Self.features, Self.width], matrix)
    entry("W_enc", [Self.width, Self.features], matrix)
    for (name, count) in vectors { entry(name, [count], 2 * count) }
    var header = "{" + entries.joined(separator: ", ") + "}"
    header += String(repeating: " ", count: (64 - (header.utf8.count + 8) % 64) % 64)
    let length = UInt64(header.utf8.count)
    let head = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
    // bf16 patterns 0x3C00 to 0x3CFF and their negatives: varied, and between 0.0078 and 0.031.
    var generator = SplitMix64(seed: 12)
    var block: [UInt8] = []
    for _ in 0..<(1 << 18) {
      let random = generator.next()
      block += [
        UInt8(truncatingIfNeeded: random), 0x3C | UInt8(truncatingIfNeeded: random >> 8) & 0x80,
      ]
    }
    try writeRepeating(
      folder.file("sae_weights.safetensors"), head: head, block: block, byteCount: end)
  }

  /// Seconds and page faults until the first row is steered; the best of several tries.
  private static func cost(
    _ folder: TemporaryFolder, _ intervention: Intervention
  ) throws -> (seconds: Double, faults: Int) {
    var best = (seconds: Double.infinity, faults: Int.max)
    let row = [Float](repeating: 0.5, count: Self.width)
    for _ in 0..<7 {
      var edited = row
      let faults = ProcessCost.pageFaults()
      let start = ContinuousClock.now
      let dictionary = try SparseDictionary.open(folder.path)
      let plan = try Plan(PlanDocument([intervention]), dictionary: dictionary)
      let outcome = try Session(plan).apply(toArray: &edited).outcome
      let time = (ContinuousClock.now - start) / .seconds(1)
      best.faults = min(best.faults, ProcessCost.pageFaults() - faults)
      best.seconds = min(best.seconds, time)
      #expect(outcome == .edited)
    }
    return best
  }

  /// In a process of its own: other tests' page faults must not count.
  @Test func openingReadsOnlyWhatThePlanNeeds() async {
    await #expect(processExitsWith: .success) { try OpeningCostTests.measure() }
  }

  static func measure() throws {
    let folder = try TemporaryFolder()
    try write(folder)
    let add = try cost(folder, Intervention(feature: 1234, alpha: 4))
    #expect(add.seconds < 0.020, "\(add.seconds * 1000) ms")
    // Stored vectors, their f32 copies (each made at most a few times), one decoder row and its
    // copies, the configuration and the header; and slack for the allocator.
    let vectorBytes = (Self.width + 2 * Self.features) * (2 + 4 * 4)
    let rowBytes = Self.width * (2 * 2 + 5 * 4)
    let bound = (vectorBytes + rowBytes + 16 * Self.pageSize) / Self.pageSize + 128
    #expect(add.faults < bound, "\(add.faults) page faults, expected below \(bound)")
    #expect(bound < 2 * Self.width * Self.features * 2 / Self.pageSize / 100)

    // The encoder is stored [modelWidth, featureCount]: one column touches modelWidth pages.
    let clamp = try cost(folder, Intervention(feature: 1234, mode: .clamp, alpha: 4))
    #expect(
      clamp.faults < bound + Self.width + 32, "\(clamp.faults) page faults")
    #expect(clamp.seconds < 0.1, "\(clamp.seconds * 1000) ms")

    // What comes from the disk is what is read, and not what lies around it.
    try checkPagesRead(folder, Intervention(feature: 1234, alpha: 4), bound: bound)
    try checkPagesRead(
      folder, Intervention(feature: 1234, mode: .clamp, alpha: 4), bound: bound + Self.width)
  }

  private static func checkPagesRead(
    _ folder: TemporaryFolder, _ intervention: Intervention, bound: Int
  ) throws {
    let path = folder.file("sae_weights.safetensors")
    var least = Int.max
    // More than once: short of memory, the system ignores what it is told and reads around.
    for _ in 0..<3 {
      // Where pages cannot be dropped there is nothing to count.
      guard PageCache.forget(path) else { return }
      let dictionary = try SparseDictionary.open(folder.path)
      _ = try Plan(PlanDocument([intervention]), dictionary: dictionary)
      least = min(least, try #require(PageCache.residentPages(path)))
    }
    #expect(least < bound, "\(least) pages read, expected below \(bound)")
  }

  /// A decoder whose file stores features as columns is not turned for a plan of a few.
  @Test func aTransposedDecoderIsNotCopied() async {
    await #expect(processExitsWith: .success) { try OpeningCostTests.measureTransposed() }
  }

  static func measureTransposed() throws {
    let (width, features) = (640, 16_384)
    // Each number is 0x3C3C3C3C, about 0.01.
    let matrix = [UInt8](repeating: 0x3C, count: width * features * 4)
    let folder = try TemporaryFolder()
    try folder.write(
      torchFile(
        .tensors([
          TestTensor("encoder_linear.weight", .f32, [features, width], bytes: matrix),
          TestTensor("encoder_linear.bias", [features], Array(repeating: 0, count: features)),
          TestTensor("decoder_linear.weight", .f32, [width, features], bytes: matrix),
          TestTensor("decoder_linear.bias", [width], Array(repeating: 0, count: width)),
        ])), to: "sae.pt")
    let before = try ProcessCost.status("RssAnon")
    let dictionary = try SparseDictionary.open(folder.file("sae.pt"))
    let plan = try Plan(
      PlanDocument([Intervention(feature: 1234, alpha: 4)]), dictionary: dictionary)
    var row = [Float](repeating: 0.5, count: width)
    #expect(try Session(plan).apply(toArray: &row).outcome == .edited)
    let grown = try ProcessCost.status("RssAnon") - before
    #expect(grown < matrix.count / 4, "\(grown) bytes of memory")
  }
}
