import Formats
import Testing

@Suite struct JSONValueTests {
  private let document: JSONValue = [
    "name": "x", "count": 3, "scale": 0.5, "on": true, "none": .null, "list": [1, 2],
    "map": ["k": "v"],
  ]

  @Test func accessorsAnswerOnlyForTheirKind() {
    #expect(document["name"]?.asString == "x")
    #expect(document["count"]?.asInt == 3)
    #expect(document["count"]?.asDouble == 3)
    #expect(document["scale"]?.asDouble == 0.5)
    #expect(document["scale"]?.asInt == nil)
    #expect(document["on"]?.asBool == true)
    #expect(document["none"]?.isNull == true)
    #expect(document["list"]?.asArray == [1, 2])
    #expect(document["map"]?["k"]?.asString == "v")
    #expect(document["absent"] == nil)
    #expect(JSONValue.array([])["k"] == nil)
    #expect(JSONValue.unsigned(.max).asInt == nil)
    #expect(JSONValue.unsigned(1 << 63).asDouble == 0x1p63)
    #expect(JSONValue.string("1").asInt == nil)
    #expect(JSONValue.integer(1).asBool == nil)
    #expect(document.asObject?.map(\.key).first == "name")
  }

  static let kinds: [(JSONValue, String)] = [
    ([:], "an object"), ([], "an array"), ("", "a string"), (1, "an integer"),
    (.unsigned(1 << 63), "an integer"), (1.5, "a number with a fraction or exponent"),
    (true, "a boolean"), (.null, "null"),
  ]

  @Test(arguments: kinds)
  func kindsHaveNames(_ value: JSONValue, _ kind: String) { #expect(value.kind == kind) }

  @Test func compactTextKeepsTheOrder() {
    #expect(
      document.serialised()
        == #"{"name":"x","count":3,"scale":0.5,"on":true,"none":null,"list":[1,2],"map":{"k":"v"}}"#
    )
  }

  @Test func prettyTextIsIndented() {
    let value: JSONValue = ["a": [1, ["b": []]], "c": [:]]
    #expect(
      value.serialised(pretty: true) == """
        {
          "a": [
            1,
            {
              "b": []
            }
          ],
          "c": {}
        }
        """)
  }

  @Test func stringsAreEscaped() throws {
    let text = "\"\\/\u{0}\u{1}\u{1F}\n\r\t\u{8}\u{7F}é\u{1F600}"
    #expect(
      JSONValue.string(text).serialised()
        == "\"\\\"\\\\/\\u0000\\u0001\\u001f\\n\\r\\t\\u0008\u{7F}é\u{1F600}\"")
    #expect(try JSONValue.parse(text: JSONValue.string(text).serialised()) == .string(text))
  }

  @Test func textStaysAsItWasNormalised() throws {
    let parsed = try JSONValue.parse(text: "\"e\\u0301\"")
    #expect(parsed.asString.map { Array($0.utf8) } == [0x65, 0xCC, 0x81])
    #expect(Array(parsed.serialised().utf8) == [0x22, 0x65, 0xCC, 0x81, 0x22])
  }

  static let doubles: [Double] = [
    0, -0.0, 1, 0.1, 1 / 3, 1e21, 1e-7, 123_456_789.125, .pi, .leastNonzeroMagnitude,
    .greatestFiniteMagnitude, -.leastNormalMagnitude, 0x1p53, 0x1p64, Double(Float(0.1)),
  ]

  @Test(arguments: doubles)
  func doublesComeBackBitForBit(_ value: Double) throws {
    let parsed = try JSONValue.parse(text: JSONValue.number(value).serialised())
    guard case .number(let read) = parsed else {
      Issue.record("\(value) came back as \(parsed.kind)")
      return
    }
    #expect(read.bitPattern == value.bitPattern)
  }

  @Test func randomDoublesComeBackBitForBit() throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      guard value.isFinite else { continue }
      let parsed = try JSONValue.parse(text: JSONValue.number(value).serialised())
      #expect(parsed.asDouble?.bitPattern == value.bitPattern)
    }
  }

  @Test func shortestFormIsWritten() {
    #expect(JSONValue.number(0.1).serialised() == "0.1")
    #expect(JSONValue.number(1).serialised() == "1.0")
    #expect(JSONValue.number(.nan).serialised() == "null")
    #expect(JSONValue.number(-.infinity).serialised() == "null")
  }

  @Test(arguments: [false, true])
  func documentsComeBack(pretty: Bool) throws {
    #expect(try JSONValue.parse(text: document.serialised(pretty: pretty)) == document)
  }
}
