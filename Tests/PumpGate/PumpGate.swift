// SPDX-License-Identifier: Apache-2.0

import CMallocCount
import Glibc
import Hooks
import IPFilter
import Impair
import LiveHost
import Neti
import NetiLinux
import Packet

/// Fails if the pump threads allocate memory while packets pass.
///
/// Runs real packets of both families, from another host and from the host to itself, through chains that pass, drop,
/// mark, rewrite, look up and filter and past observers, once to warm up and then with every allocation of a thread called
/// `neti-pump…` counted, half of them while they are captured. ARP packets are looked at meanwhile.
@main
enum PumpGate {
    private static let port: UInt16 = 4242
    private static let packets = 20_000

    static func main() {
        do {
            let passed = try HostPair.with(measure)
            print(
                "pump threads: \(passed.packets) packets, \(passed.observed) of them observed, "
                    + "\(passed.captured) captured, \(passed.arp) ARP packets, \(passed.allocations) allocations")
            // Local packets count twice, at LOOPBACK_OUT and LOOPBACK_IN; some are dropped before they get that far.
            let isEnough =
                passed.packets >= Self.packets * 2 && passed.observed >= Self.packets && passed.arp > 0
                && passed.captured >= Self.packets
            exit(isEnough && passed.allocations == 0 ? EXIT_SUCCESS : EXIT_FAILURE)
        } catch {
            print("pump gate: \(error)")
            exit(EXIT_FAILURE)
        }
    }

    private struct Passed {
        var packets: UInt64 = 0
        var observed: UInt64 = 0
        var arp: UInt64 = 0
        var captured = 0
        var allocations: UInt64 = 0
    }

    private static func measure(_ pair: HostPair) throws -> Passed {
        let rules = "/tmp/neti-gate-\(getpid()).conf"
        try writeFile(
            rules, "block in log quick proto tcp all\npass in log quick proto udp from any to any port = \(port)\n")
        defer { unsafe unlink(rules) }
        let provider = try LinuxProvider(pumps: 2)
        defer { provider.stop() }
        let instance = try provider.addInstance(named: "gate", in: pair.left.namespace)
        let filter = try IPFilterModule(
            HookModuleSettings(hookName: "filter", instanceName: "gate", lanes: 2, values: ["rules": rules]))
        let impair = try ImpairModule(
            HookModuleSettings(
                hookName: "impair", instanceName: "gate", lanes: 2,
                values: [
                    "match": "proto udp from any to any port = \(port)", "loss": "1%", "duplicate": "1%",
                    "corrupt": "1%", "delay": "100us", "jitter": "100us", "distribution": "normal", "reorder": "90%",
                    "rate": "10gbit",
                ], stamp: try instance.takeStamp(), publication: provider.netinfo.publication))
        for family in NetworkFamily.ip {
            for event in family.events {
                try register(instance.protocolHandle(family), event, filter)
                if event == .observing { continue }
                try instance.protocolHandle(family).register(
                    Hook(name: "impair", function: impair.function(family: family, event: event)), on: event)
            }
        }
        for event in NetworkFamily.arp.events {
            try instance.protocolHandle(.arp).register(Hook(name: "look") { _ in .pass }, on: event)
        }

        try sendAndReceive(pair, count: 500)
        let before = passed(provider, instance)
        unsafe malloc_count_start("neti-pump")
        try sendAndReceive(pair, count: packets / 2)
        let capture = try provider.startCapture(CaptureFilter())
        let captured = try sendAndReceive(pair, count: packets / 2) { capture.take(atMost: .max, bytes: .max).count }
        provider.stopCapture(capture)
        let allocations = malloc_count()
        malloc_count_start(nil)
        let after = passed(provider, instance)
        return Passed(
            packets: after.packets - before.packets, observed: after.observed - before.observed,
            arp: after.arp - before.arp, captured: captured, allocations: allocations)
    }

    /// One hook of each kind, so that every branch of the packet path runs.
    private static func register(
        _ handle: NetworkProtocol, _ event: NetworkEvent, _ filter: IPFilterModule
    ) throws(NetiError) {
        try handle.register(Hook(name: "pass") { _ in .pass }, on: event)
        try handle.register(
            Hook(name: "filter", function: filter.function(family: handle.family, event: event)), on: event)
        try handle.register(
            Hook(name: "look up") { packet in
                let interface = packet.inInterface | packet.outInterface
                let isLocal = interface == 1
                // On lo, which every namespace has at 1, or on the cable.
                guard let datagram = packet.datagram, handle.mtu(of: interface) == (isLocal ? 65_536 : 1500) else {
                    return .drop
                }
                let peer = event == .physicalIn ? datagram.source : datagram.destination
                let way = handle.route(to: peer)
                if isLocal || event == .observing { return .pass }
                // Neighbour discovery has groups as destinations, and the cable is up before the addresses are.
                return way?.interface == interface || datagram.protocol != .udp ? .pass : .drop
            }, on: event)
        try handle.register(
            Hook(name: "change") { packet in
                guard let datagram = packet.datagram, let last = lastByte(of: packet.bytes, datagram) else {
                    return .pass
                }
                switch last & 3 {
                case 0: packet.mark = 7
                case 1: try? packet.edit { $0.storeBytes(of: last, toByteOffset: $0.byteCount - 1, as: UInt8.self) }
                case 2: return .drop
                default: break
                }
                return .pass
            }, on: event)
    }

    /// The last byte of a UDP payload, which says what to do with the packet.
    private static func lastByte(of bytes: RawSpan, _ datagram: Datagram) -> UInt8? {
        guard datagram.protocol == .udp, bytes.byteCount > 0 else { return nil }
        return unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self)
    }

    /// What the kernel handed over so far, and how often observers and taps were run.
    private static func passed(_ provider: LinuxProvider, _ instance: Instance) -> Passed {
        func runs(_ family: NetworkFamily, _ events: [NetworkEvent]) -> UInt64 {
            events.reduce(0) { $0 + instance.protocolHandle(family).event($1).counters.events }
        }
        return Passed(
            packets: provider.status(of: instance)?.queues.reduce(0) { $0 + $1.statistics.received } ?? 0,
            observed: runs(.inet, [.observing]) + runs(.inet6, [.observing]), arp: runs(.arp, NetworkFamily.arp.events))
    }

    /// Sends to the left host from the right one and from itself, in bursts that the receiver paces, so that the queue
    /// never overflows.
    ///
    /// - Parameter also: done after each burst; what it counts is added up.
    @discardableResult
    private static func sendAndReceive(
        _ pair: HostPair, count: Int, also: () -> Int = { 0 }
    ) throws(NetiError) -> Int {
        var sum = 0
        for family in NetworkFamily.ip {
            let receiver = try UDPSocket(on: pair.left, family, port: port)
            for host in [pair.right, pair.left] {
                let sender = try UDPSocket(on: host, family)
                for start in stride(from: 0, to: count / 2, by: 64) {
                    if family == .inet, start % 1024 == 0 { try askForAddress(pair) }
                    for number in start..<min(start + 64, count / 2) {
                        // What waits in a queue on its way out takes up room in the socket.
                        guard sender.socket.wait(for: Int32(POLLOUT), until: Deadline(.seconds(5))) else { continue }
                        try sender.send([1, 2, 3, UInt8(truncatingIfNeeded: number)], to: receiver)
                    }
                    while try receiver.receive(within: .milliseconds(start % 512 == 0 ? 20 : 0)) != nil {}
                    sum += also()
                }
            }
        }
        return sum
    }

    /// Makes the left host forget the right one's link-layer address, which its next packet there asks for.
    private static func askForAddress(_ pair: HostPair) throws(NetiError) {
        _ = try? pair.left.ip("neighbour", "delete", "\(pair.right.inet)", "dev", Host.interface)
        let sender = try UDPSocket(on: pair.left, .inet)
        try sender.socket.send([0], to: SocketAddress(pair.right.inet, port: port))
    }
}
