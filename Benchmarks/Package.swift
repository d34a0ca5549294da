// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of it reaches users of the library. The C interface is
// linked as installed (`make lib`), not as a product: what is measured is what ships.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "Steering", path: "..")],
  targets: [
    .systemLibrary(name: "CSteeringLibrary"),
    .target(
      name: "CCeilings", cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("pthread")]),
    .executableTarget(
      name: "steering-bench",
      dependencies: [
        "CSteeringLibrary", "CCeilings", .product(name: "Steering", package: "Steering"),
      ],
      // The C interface is plain pointers.
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ],
  cLanguageStandard: .c99
)
