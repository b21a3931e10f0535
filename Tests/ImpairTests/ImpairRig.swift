// SPDX-License-Identifier: Apache-2.0

import Hooks
import Impair
import Kstat
import Neti
import Packet
import SystemPackage
import Testing

/// An instance with one `impair` hook, packets that are shown to it, and what it puts on the list.
final class ImpairRig: @unchecked Sendable {
    let netinfo = Netinfo(readers: 2)
    let instance: Instance
    let module: ImpairModule
    let stamp: Stamps
    private let driver = InjectionDriver(canQueue: true, longestInbound: 3_000)
    private var consumer: InjectionConsumer

    private struct Silent: NetworkProvider {
        func setInterested(_: Bool, in _: NetID, family _: NetworkFamily, event _: NetworkEvent) {}
    }

    /// What became of a packet that a hook was shown.
    struct Shown: Equatable {
        var result: HookResult
        var isConsumed: Bool
        var bytes: [UInt8]

        /// Whether the kernel gets it back.
        var hasPassed: Bool { result == .pass && !isConsumed }
    }

    /// - Parameters:
    ///   - packets: how many the instance's list holds.
    ///   - canHold: whether the instance can inject at all.
    init(_ values: [String: String], packets: Int = 4_096, canHold: Bool = true, lanes: Int = 1) throws {
        var limits = InjectionLimits()
        limits.packets = packets
        var state = InterfaceState()
        _ = state.apply(.interface(Interface(index: 2, name: "eth0", flags: [.up])), in: .global)
        let table = InterfaceTable(publication: netinfo.publication)
        table.update(state)
        instance = try netinfo.addInstance(
            named: "blue", settings: .init(injection: limits, provider: Silent(), interfaces: table))
        if canHold { instance.injection.attach(driver) }
        consumer = InjectionConsumer(instance.injection)
        stamp = try instance.takeStamp()
        module = try ImpairModule(
            HookModuleSettings(
                hookName: "slow", instanceName: "blue", lanes: lanes, values: values, stamp: stamp,
                publication: netinfo.publication))
        module.createKstats(in: netinfo, netid: instance.netid)
    }

    /// Shows a packet to the hook. May be called on several threads, each with a lane of its own.
    func show(
        _ packet: [UInt8], at event: NetworkEvent = .physicalOut, family: NetworkFamily = .inet, stamps: Stamps = [],
        lane: Int = 0, change: (inout PacketMetadata) -> Void = { _ in }
    ) -> Shown {
        let function = module.function(family: family, event: event)
        var packet = packet
        var metadata = PacketMetadata()
        metadata.length = packet.count
        metadata.stamps = stamps
        metadata.inInterface = event == .physicalIn ? 2 : 0
        metadata.outInterface = event == .physicalOut ? 2 : 0
        change(&metadata)
        var result = HookResult.pass
        var isConsumed = false
        unsafe packet.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var event = unsafe PacketEvent(
                netid: instance.netid, family: family, event: event, flags: [], lane: lane, metadata: metadata, mark: 0,
                base: base, count: bytes.count, capacity: bytes.count,
                injection: Unmanaged.passUnretained(instance.injection))
            do throws(Errno) {
                result = try function(&event)
            } catch {
                Issue.record("the hook failed: \(error)")
            }
            isConsumed = event.isConsumed
            if !isConsumed { event.finishChecksums() }
        }
        return Shown(result: result, isConsumed: isConsumed, bytes: packet)
    }

    /// What is on the list for at most that long, with the stamps it bears.
    func onList(_ body: (DuePacket, [UInt8]) -> Void) {
        consumer.begin(isWoken: true)
        unsafe withUnsafeTemporaryAllocation(of: DuePacket.self, capacity: 64) { buffer in
            while true {
                let count = unsafe consumer.collect(into: buffer)
                for index in 0..<count {
                    let packet = unsafe buffer[index]
                    var bytes: [UInt8] = []
                    unsafe consumer.forEachChunk(of: packet) { unsafe bytes += $0 }
                    consumer.finish(packet)
                    body(packet, bytes)
                }
                if count < 64 { return }
            }
        }
        consumer.end(driver)
    }

    /// Packets that the list holds now.
    var held: Int { instance.injection.status.packets }

    /// A field of the hook's kstat.
    func statistic(_ name: String) -> String? {
        netinfo.kstats.snapshot(visibleIn: instance.netid.rawValue)
            .first { $0.module == "impair" && $0.name == "slow" }?
            .fields.first { $0.name == name }?.value.description
    }
}

/// A UDP datagram from 192.0.2.1 to 192.0.2.2.
func datagram(to port: UInt16 = 7000, payload: Int = 100) throws -> [UInt8] {
    try IPHeader(from: IPAddress(v4: 0xC000_0201), to: IPAddress(v4: 0xC000_0202))
        .packet(.udp(from: 1, to: port), payload: [UInt8](repeating: 0xA5, count: payload))
}
