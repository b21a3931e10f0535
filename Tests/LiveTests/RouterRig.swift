// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

/// Two hosts and a router between them, which is filtered by an instance of this process.
struct RouterRig {
    let hosts: RoutedHosts
    let provider: LinuxProvider
    let instance: Instance
    /// The router's interface that leads to the left.
    let leftIndex: UInt32
    /// The router's interface that leads to the right.
    let rightIndex: UInt32

    /// Every namespace's loopback interface.
    static let loopbackIndex: UInt32 = 1

    static func with(
        configure: (inout InstanceConfiguration) -> Void = { _ in }, _ body: (RouterRig) throws -> Void
    ) throws {
        try RoutedHosts.with { hosts in
            let provider = try LinuxProvider(pumps: 2)
            defer { provider.stop() }
            var configuration = InstanceConfiguration()
            configure(&configuration)
            let instance = try provider.addInstance(
                named: "router", in: hosts.router.namespace, configuration: configuration)
            let indices = try hosts.router.run { () throws(NetiError) in
                unsafe [if_nametoindex(Host.interface), if_nametoindex(RoutedHosts.rightInterface)]
            }
            try body(
                RouterRig(
                    hosts: hosts, provider: provider, instance: instance, leftIndex: indices[0], rightIndex: indices[1])
            )
        }
    }

    func register(
        _ name: String, on event: NetworkEvent, of family: NetworkFamily, hint: Hint = .none,
        _ function: @escaping Hook<PacketEvent>.Function
    ) throws {
        try instance.protocolHandle(family).register(Hook(name: name, hint: hint, function: function), on: event)
    }

    /// What the kernels of all hosts found to be damaged.
    func checksumErrors() throws -> [ChecksumErrors] {
        try [hosts.left, hosts.router, hosts.right].map { try ChecksumErrors(of: $0) }
    }
}

/// A way on which packets pass an event of the router: through it, or from itself to itself.
struct Passage: Sendable, CustomTestStringConvertible {
    let event: NetworkEvent
    let family: NetworkFamily

    /// Where the receiver is bound.
    static let port: UInt16 = 7000

    static let events: [NetworkEvent] = [.physicalIn, .forwarding, .physicalOut, .loopbackOut, .loopbackIn]

    static let all = events.flatMap { event in NetworkFamily.ip.map { Passage(event: event, family: $0) } }

    var testDescription: String { "\(event) \(family)" }

    var isLocal: Bool { event == .loopbackOut || event == .loopbackIn }

    func sender(_ rig: RouterRig) -> Host { isLocal ? rig.hosts.router : rig.hosts.left }

    func receiver(_ rig: RouterRig) -> Host { isLocal ? rig.hosts.router : rig.hosts.right }
}

/// What a hook was told of a packet.
struct Told: Sendable, Equatable {
    var event: NetworkEvent
    var inInterface: UInt32
    var outInterface: UInt32
    var flags: PacketFlags = []

    init(_ event: NetworkEvent, in inInterface: UInt32, out outInterface: UInt32) {
        (self.event, self.inInterface, self.outInterface) = (event, inInterface, outInterface)
    }

    init(_ packet: borrowing PacketEvent) {
        self.init(packet.event, in: packet.inInterface, out: packet.outInterface)
        flags = packet.flags
    }
}
