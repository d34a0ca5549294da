import SAE
import Testing

@Suite struct TapPlaceTests {
  static let named: [(String, Int, Tap.Place.Site, Int?)] = [
    ("blocks.12.hook_resid_post", 12, .residualPost, 12),
    ("blocks.12.hook_resid_pre", 12, .residualPre, 11),
    ("blocks.0.hook_resid_pre", 0, .residualPre, nil),
    ("blocks.3.hook_resid_mid", 3, .residualMid, nil),
    ("blocks.3.hook_attn_out", 3, .attentionOut, nil),
    ("blocks.3.hook_mlp_out", 3, .mlpOut, nil),
  ]

  @Test(arguments: named)
  func knownNamesAreRead(_ example: (String, Int, Tap.Place.Site, Int?)) throws {
    let place = try #require(Tap(hook: example.0).place)
    #expect(place == Tap.Place(layer: example.1, site: example.2))
    #expect(place.residualLayer == example.3)
  }

  @Test(arguments: [
    "", "blocks.12", "blocks.12.hook_z", "blocks.-1.hook_resid_post", "blocks.+1.hook_resid_post",
    "blocks.01.hook_resid_post", "blocks.x.hook_resid_post", "block.1.hook_resid_post",
    "blocks.1.hook_resid_post.x", "blocks.99999999999.hook_resid_post", "model.layers.12",
  ])
  func otherNamesAreNotGuessed(_ hook: String) {
    #expect(Tap(hook: hook).place == nil)
    #expect(Tap(hook: nil).place == nil)
  }
}
