// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiControl
import NetiLinux

/// The names of what captured packets tell in numbers, each looked up once.
struct CaptureNames {
    private struct Point: Hashable {
        var netid: NetID
        var family: NetworkFamily
        var event: NetworkEvent
    }

    private struct Link: Hashable {
        var netid: NetID
        var index: UInt32
    }

    private var instances: [NetID: InstanceEntry] = [:]
    private var hooks: [Point: [UInt64: String]] = [:]
    private var interfaces: [Link: String] = [:]

    /// A packet as the client is told it.
    mutating func packet(_ packet: CapturedPacket, snaplen: Int, engine: Engine) -> Capture.Packet {
        if instances[packet.netid] == nil {
            instances[packet.netid] = engine.entries.first { $0.netid == packet.netid }
        }
        return Capture.Packet(
            seconds: Int(packet.time / 1_000_000_000), nanoseconds: Int(packet.time % 1_000_000_000),
            netid: Int(packet.netid.rawValue), instance: instances[packet.netid]?.name ?? "",
            family: packet.family.rawValue, event: packet.event.rawValue,
            inInterface: interface(packet.inInterface, of: packet.netid),
            outInterface: interface(packet.outInterface, of: packet.netid),
            verdict: Capture.Verdict(packet.verdict), hook: hook(packet), edited: packet.isEdited,
            mark: Int(packet.mark), injections: Int(packet.injections), length: packet.length,
            bytes: HexadecimalBytes(packet.bytes.count > snaplen ? Array(packet.bytes[..<snaplen]) : packet.bytes))
    }

    /// Nil for a hook that is gone by now.
    private mutating func hook(_ packet: CapturedPacket) -> String? {
        guard packet.registration != 0 else { return nil }
        let point = Point(netid: packet.netid, family: packet.family, event: packet.event)
        if let name = hooks[point]?[packet.registration] { return name }
        guard let instance = instances[packet.netid]?.running?.instance else { return nil }
        let hooks = instance.protocolHandle(packet.family).event(packet.event).snapshot()
        self.hooks[point] = Dictionary(hooks.map { ($0.registration, $0.name) }) { first, _ in first }
        return self.hooks[point]?[packet.registration]
    }

    /// Its number where the name isn't known any more; nil for none.
    private mutating func interface(_ index: UInt32, of netid: NetID) -> String? {
        guard index != 0 else { return nil }
        let link = Link(netid: netid, index: index)
        if let name = interfaces[link] { return name }
        let known = instances[netid]?.running?.instance.interfaces.current ?? []
        let name = known.first { $0.index == index }?.name ?? "\(index)"
        interfaces[link] = name
        return name
    }
}

extension Capture.Verdict {
    fileprivate init(_ verdict: CapturedPacket.Verdict) {
        self =
            switch verdict {
            case .pass: .pass
            case .drop: .drop
            case .consume: .consume
            }
    }
}
