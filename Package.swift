// swift-tools-version: 6.2
import PackageDescription

// Files of the page that reports are written into.
let reportPage = [
  "page.html", "page.css", "text.js", "charts.js", "panels.js", "table.js", "document.js",
  "page.js",
]

// Targets stand in dependency order: each imports only what is above it.
let package = Package(
  name: "Steering",
  products: [
    .library(
      name: "Steering",
      targets: ["Watermark", "Steering", "Importers", "Detector", "SAE", "Tensors"]),
    .executable(name: "steerctl", targets: ["steerctl"]),
    // Not "steering": it would differ from the Swift library in case only. `make lib` installs it as
    // libsteering.so.
    .library(name: "SteeringC", type: .dynamic, targets: ["SteeringC"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Layer 0: C and system libraries
    .target(name: "CKernels"),
    .systemLibrary(name: "CJSON", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
    .systemLibrary(
      name: "CMessageDigest", pkgConfig: "libmd", providers: [.apt(["libmd-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // Layer 1
    .target(name: "Tensors", dependencies: ["CKernels", "CMessageDigest"]),
    // Layer 2
    .target(name: "Formats", dependencies: ["CJSON", "CYAML", "CZlib", "Tensors"]),
    .target(name: "SAE", dependencies: ["Tensors"]),
    .target(name: "Detector", dependencies: ["Tensors"]),
    // Layer 3
    .target(name: "Importers", dependencies: ["Tensors", "Formats", "SAE"]),
    // Layer 4
    .target(
      name: "Steering", dependencies: ["Tensors", "Formats", "SAE", "Detector", "Importers"]),
    // Layer 5
    .target(
      name: "Reports", dependencies: ["Tensors", "Formats", "SAE", "Detector", "Steering"],
      resources: reportPage.map { .embedInCode("Rendering/Page/\($0)") }),
    .target(
      name: "Watermark", dependencies: ["Tensors", "Formats", "SAE", "Detector", "Steering"]),
    // Layer 6
    .target(name: "CSteering"),
    .target(
      name: "SteeringC",
      dependencies: [
        "CSteering", "Tensors", "SAE", "Detector", "Importers", "Steering", "Watermark",
      ]),
    .executableTarget(
      name: "steerctl",
      dependencies: [
        "Tensors", "Formats", "SAE", "Detector", "Importers", "Steering", "Reports", "Watermark",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Tests
    .target(
      name: "TestSupport", dependencies: ["Tensors", "Formats", "SAE"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["CKernels", "Tensors", "TestSupport"]),
    .testTarget(name: "FormatsTests", dependencies: ["Tensors", "Formats"]),
    .testTarget(name: "SAETests", dependencies: ["Tensors", "SAE", "TestSupport"]),
    .testTarget(name: "DetectorTests", dependencies: ["Detector", "Formats", "TestSupport"]),
    .testTarget(
      name: "ImportersTests",
      dependencies: ["Tensors", "Formats", "SAE", "Importers", "TestSupport"]),
    .testTarget(
      name: "SteeringTests",
      dependencies: [
        "Tensors", "Formats", "SAE", "Detector", "Importers", "Steering", "TestSupport",
      ]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "Tensors", "Formats", "SAE", "Detector", "Steering", "Reports", "TestSupport",
      ]),
    .testTarget(
      name: "WatermarkTests",
      dependencies: [
        "Tensors", "Formats", "SAE", "Detector", "Steering", "Watermark", "TestSupport",
      ]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: [
        "Tensors", "Formats", "SAE", "Detector", "Importers", "Steering", "TestSupport",
      ]),
    .testTarget(
      name: "steerctlTests",
      dependencies: [
        "steerctl", "Tensors", "Formats", "Detector", "Steering", "Watermark", "TestSupport",
      ],
      exclude: ["Snapshots"]),
    .testTarget(name: "LayeringTests"),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c99
)

// A sanitizer's build of every test takes minutes: STEERING_TESTS names those that are wanted.
if let wanted = Context.environment["STEERING_TESTS"]?.split(separator: ",").map(String.init) {
  package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}
