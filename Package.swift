// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// `NETI_THREAD_SANITIZER=1 swift test -c release --scratch-path .build/tsan --filter ...` instruments our own targets.
// SwiftPM's `--sanitize=thread` would instrument swift-collections too, on which the compiler crashes (Swift 6.3.1).
let isThreadSanitized = Context.environment["NETI_THREAD_SANITIZER"] != nil
let sanitizer: [SwiftSetting] = isThreadSanitized ? [.unsafeFlags(["-sanitize=thread"])] : []
// The two functions that Tests/CWatchedMutex replaces.
let wrappedFunctions = [
    "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF", "$s15Synchronization12_MutexHandleV11_unlockSlowyyF",
]
let sanitizerLink: [LinkerSetting] =
    isThreadSanitized
    ? [.unsafeFlags(["-sanitize=thread"] + wrappedFunctions.flatMap { ["-Xlinker", "--wrap=\($0)"] })] : []

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]
let swift = settings + sanitizer

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let basicContainers = Target.Dependency.product(name: "BasicContainers", package: "swift-collections")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "neti",
    products: [
        .library(name: "Neti", targets: ["Neti"]),
        .library(name: "NetiDaemon", targets: ["NetiDaemon"]),
        .executable(name: "neti-daemon", targets: ["neti-daemon"]),
        .executable(name: "neti-ctl", targets: ["neti-ctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // What the packet path is made of, in the order in which a packet meets it.
        .systemLibrary(
            name: "CNetfilterLibraries", pkgConfig: "libnetfilter_queue",
            providers: [.apt(["libnetfilter-queue-dev", "libmnl-dev", "libnfnetlink-dev"])]),
        .systemLibrary(name: "CNftnl", pkgConfig: "libnftnl", providers: [.apt(["libnftnl-dev"])]),
        .target(
            name: "CNetfilterQueue", dependencies: ["CNetfilterLibraries"], linkerSettings: [.linkedLibrary("mnl")]),
        .target(name: "CLinuxNet", dependencies: ["CNftnl"], linkerSettings: [.linkedLibrary("mnl")]),
        .target(name: "CPrefetch"),
        .target(name: "Packet", swiftSettings: swift),
        .target(name: "Hooks", dependencies: [basicContainers, system], swiftSettings: swift),
        .target(name: "Kstat", dependencies: [system], swiftSettings: swift),
        .target(
            name: "Neti", dependencies: ["CPrefetch", "Hooks", "Kstat", "Packet", basicContainers, heap, system],
            swiftSettings: swift),
        .target(
            name: "NetiLinux",
            dependencies: ["CNetfilterQueue", "CLinuxNet", "CPrefetch", "Neti", "Hooks", "Kstat", "Packet", system],
            swiftSettings: swift),
        .target(
            name: "IPFilter", dependencies: ["Neti", "Hooks", "Packet", basicContainers, system], swiftSettings: swift),
        .target(
            name: "Impair", dependencies: ["IPFilter", "Neti", "Hooks", "Kstat", "Packet", basicContainers, system],
            swiftSettings: swift),

        // What is around it: control, configuration, programs.
        .target(
            name: "NetiControl", dependencies: [logging, lifecycle, nioCore, nioPosix, system],
            resources: [.embedInCode("io.neti.Control.varlink"), .embedInCode("org.varlink.service.varlink")],
            swiftSettings: swift),
        .target(
            name: "NetiDaemon",
            dependencies: [
                "CLinuxNet", "Hooks", "IPFilter", "Impair", "Kstat", "Neti", "NetiControl", "NetiLinux", "TOMLKit",
                basicContainers, lifecycle, logging, nioCore, nioHTTP1, nioPosix, system,
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "neti-daemon", dependencies: ["NetiDaemon", argumentParser, system], swiftSettings: swift),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .executableTarget(
            name: "neti-ctl", dependencies: ["CPcap", "NetiControl", argumentParser, system], swiftSettings: swift),
        // A tool of the build: manual pages from what the commands say of themselves.
        .executableTarget(name: "neti-manual", dependencies: [argumentParser], swiftSettings: swift),

        // Tests without root.
        .testTarget(name: "ShimTests", dependencies: ["CNetfilterQueue", "CLinuxNet"], swiftSettings: swift),
        .target(
            name: "OrderingTables", dependencies: ["Hooks", system], path: "Tests/OrderingTables", swiftSettings: swift),
        .target(name: "Witnesses", dependencies: ["Hooks"], path: "Tests/Witnesses", swiftSettings: swift),
        .testTarget(
            name: "HooksTests", dependencies: ["Hooks", "OrderingTables", "Witnesses", system], swiftSettings: swift,
            linkerSettings: sanitizerLink),
        .testTarget(name: "KstatTests", dependencies: ["Kstat", "Witnesses", system], swiftSettings: swift),
        .testTarget(name: "PacketTests", dependencies: ["Packet"], swiftSettings: swift),
        .testTarget(
            name: "NetiTests",
            dependencies: ["Hooks", "Kstat", "Neti", "NetiLinux", "OrderingTables", "Packet", "Witnesses", system],
            swiftSettings: swift),
        .testTarget(
            name: "NetiLinuxTests", dependencies: ["Kstat", "Neti", "NetiLinux", "Packet", "Witnesses"],
            swiftSettings: swift,
            linkerSettings: sanitizerLink),
        .testTarget(
            name: "IPFilterTests", dependencies: ["IPFilter", "Hooks", "Neti", "Packet", system], swiftSettings: swift),
        .testTarget(
            name: "ImpairTests", dependencies: ["Impair", "Hooks", "Kstat", "Neti", "Packet", system],
            swiftSettings: swift),
        // Millions of them are made while packets are counted.
        .target(
            name: "ControlNoise", path: "Tests/ControlNoise",
            swiftSettings: swift + [.unsafeFlags(["-O"], .when(configuration: .debug))]),
        .testTarget(
            name: "NetiControlTests",
            dependencies: [
                "ControlNoise", "NetiControl", "neti-ctl", argumentParser, lifecycle, logging, nioCore, nioPosix,
                system,
            ],
            swiftSettings: swift),
        .testTarget(
            name: "NetiDaemonTests",
            dependencies: [
                "NetiDaemon", "neti-daemon", "Hooks", "Kstat", "Neti", "NetiControl", "NetiLinux", "Packet", "TOMLKit",
                argumentParser, logging, system,
            ],
            swiftSettings: swift),

        .testTarget(
            name: "DocumentationTests", dependencies: ["Hooks", "Neti", "NetiLinux", "Packet", system],
            swiftSettings: swift),
        .testTarget(
            name: "ManualTests",
            dependencies: [
                "IPFilter", "Impair", "Neti", "NetiDaemon", "NetiLinux", "neti-ctl", "neti-daemon", "neti-manual",
                argumentParser,
            ],
            swiftSettings: swift),

        // Real packets: what makes the hosts, tests as root, the demo, the gates.
        .target(
            name: "LiveHost", dependencies: ["CLinuxNet", "Neti", "NetiLinux", "Packet", system],
            path: "Tests/LiveHost", swiftSettings: swift),
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "CLinuxNet", "CNetfilterQueue", "Hooks", "Kstat", "LiveHost", "Neti", "NetiLinux", "Packet",
                "Witnesses",
                system,
            ],
            swiftSettings: swift, linkerSettings: sanitizerLink),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "CNetfilterQueue", "ControlNoise", "LiveHost", "Neti", "NetiControl", "NetiLinux", "Packet", "neti-ctl",
                "neti-daemon", "neti-troubled-daemon", system,
            ],
            swiftSettings: swift),
        // The service under real systemd, in a container.
        .testTarget(
            name: "ServiceTests", dependencies: ["LiveHost", "Neti", "Packet", system],
            exclude: ["boot.sh", "container-root.sh"],
            swiftSettings: swift),
        .executableTarget(
            name: "neti-troubled-daemon", dependencies: ["Hooks", "Neti", "NetiDaemon", "Packet", system],
            path: "Tests/TroubledDaemon", swiftSettings: swift),
        .executableTarget(
            name: "neti-fuzz",
            dependencies: [
                "CLinuxNet", "CNetfilterQueue", "IPFilter", "Impair", "Neti", "NetiControl", "NetiDaemon", "NetiLinux",
                "Packet", argumentParser, logging, nioCore, system,
            ],
            path: "Tests/Fuzz", exclude: ["Corpus"], swiftSettings: swift),
        .executableTarget(
            name: "neti-demo", dependencies: ["LiveHost", "Neti", "NetiLinux", system], path: "Tests/Demo",
            swiftSettings: swift),
        .executableTarget(
            name: "neti-injector", dependencies: ["CLinuxNet", "Neti", "NetiLinux", "Packet", argumentParser],
            path: "Benchmarks/injector", swiftSettings: swift),
        .target(name: "CMallocCount", path: "Tests/CMallocCount"),
        .executableTarget(
            name: "neti-gate",
            dependencies: ["CMallocCount", "Hooks", "IPFilter", "Impair", "LiveHost", "Neti", "NetiLinux", "Packet"],
            path: "Tests/PumpGate", exclude: ["disassembly.sh"], swiftSettings: swift),
    ]
)

if isThreadSanitized {
    // The engine and its tests alone: everything else would have to be instrumented to be linked with it.
    let engine: Set = [
        "CNetfilterLibraries", "CNftnl", "CNetfilterQueue", "CLinuxNet", "CPrefetch", "Packet", "Hooks", "Kstat",
        "Neti",
        "NetiLinux",
        "LiveHost", "LiveTests", "OrderingTables", "Witnesses", "HooksTests", "KstatTests", "NetiTests",
        "NetiLinuxTests",
    ]
    package.targets.removeAll { !engine.contains($0.name) }
    package.products = []
    package.targets.append(.target(name: "CWatchedMutex", path: "Tests/CWatchedMutex"))
    for target in package.targets where target.isTest {
        target.dependencies.append("CWatchedMutex")
    }
}
