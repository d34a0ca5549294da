import Glibc

// Goals, in this order: right in the far tail, where p-values live (relative, down to 1e-300);
// antisymmetric; fast.
// Sources: erfc of the C library; Wichura, Algorithm AS 241: The Percentage Points of the Normal
// Distribution, Applied Statistics 37 (1988), routine PPND16.

/// The standard normal distribution: density, both tails and the quantile.
///
/// Relative errors stay below 5e-13 as long as the result is above 1e-300. NaN gives NaN.
public enum Normal {
  /// The density φ(x) = exp(−x²/2) / √(2π).
  public static func density(_ x: Double) -> Double {
    exp(-0.5 * x * x) * 0.398_942_280_401_432_677_94
  }

  /// The probability Φ(x) of a value at or below `x`: erfc(−x/√2) / 2.
  public static func cdf(_ x: Double) -> Double {
    0.5 * erfc(-x * 0.5.squareRoot())
  }

  /// The probability 1 − Φ(x) of a value above `x`, without the cancellation: erfc(x/√2) / 2.
  public static func survival(_ x: Double) -> Double {
    0.5 * erfc(x * 0.5.squareRoot())
  }

  /// The value that a share `p` of the distribution lies below: Φ⁻¹(p).
  ///
  /// AS 241 (PPND16), relative error below 1e-13 for p from 1e-300 to 1 − 2⁻⁵³. 0 gives −∞ and 1 gives
  /// +∞; NaN and what is outside [0, 1] give NaN. For an upper tail p use −Φ⁻¹(p), not Φ⁻¹(1 − p).
  public static func quantile(_ p: Double) -> Double {
    guard p >= 0, p <= 1 else { return .nan }
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    let q = p - 0.5
    if abs(q) <= 0.425 {
      let r = 0.180625 - q * q
      return q * polynomial(Self.centre.above, r) / polynomial(Self.centre.below, r)
    }
    let r = (-log(q < 0 ? p : 1 - p)).squareRoot()
    let magnitude =
      r <= 5
      ? polynomial(Self.middle.above, r - 1.6) / polynomial(Self.middle.below, r - 1.6)
      : polynomial(Self.far.above, r - 5) / polynomial(Self.far.below, r - 5)
    return q < 0 ? -magnitude : magnitude
  }

  /// The two polynomials of a rational approximation, highest power first.
  private typealias Ratio = (above: [Double], below: [Double])

  private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
    var value = 0.0
    for coefficient in coefficients { value = value * x + coefficient }
    return value
  }

  private static let centre: Ratio = (
    [
      2509.080_928_730_122_672_7, 33430.575_583_588_128_105, 67265.770_927_008_700_853,
      45921.953_931_549_871_457, 13731.693_765_509_461_125, 1971.590_950_306_551_442_7,
      133.141_667_891_784_377_45, 3.387_132_872_796_366_608,
    ],
    [
      5226.495_278_852_545_925, 28729.085_735_721_942_674, 39307.895_800_092_710_61,
      21213.794_301_586_595_867, 5394.196_021_424_751_107_7, 687.187_007_492_057_908_3,
      42.313_330_701_600_911_252, 1,
    ]
  )

  private static let middle: Ratio = (
    [
      7.745_450_142_783_414_076_4e-4, 0.022_723_844_989_269_184_583_3, 0.241_780_725_177_450_611_77,
      1.270_458_252_452_368_382_58, 3.647_848_324_763_204_605_04, 5.769_497_221_460_691_405_5,
      4.630_337_846_156_545_295_9, 1.423_437_110_749_683_577_34,
    ],
    [
      1.050_750_071_644_416_843_24e-9, 5.475_938_084_995_344_946e-4,
      0.015_198_666_563_616_457_196_6, 0.148_103_976_427_480_074_59, 0.689_767_334_985_100_004_55,
      1.676_384_830_183_803_849_4, 2.053_191_626_637_758_821_87, 1,
    ]
  )

  private static let far: Ratio = (
    [
      2.010_334_399_292_288_132_65e-7, 2.711_555_568_743_487_578_15e-5,
      0.001_242_660_947_388_078_438_6, 0.026_532_189_526_576_123_093, 0.296_560_571_828_504_891_23,
      1.784_826_539_917_291_335_8, 5.463_784_911_164_114_369_9, 6.657_904_643_501_103_777_2,
    ],
    [
      2.044_263_103_389_939_785_64e-15, 1.421_511_758_316_445_888_7e-7,
      1.846_318_317_510_054_681_8e-5, 7.868_691_311_456_132_591e-4, 0.014_875_361_290_850_614_852_5,
      0.136_929_880_922_735_805_31, 0.599_832_206_555_887_937_69, 1,
    ]
  )
}
