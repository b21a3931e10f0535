// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import Packet
import Synchronization
import SystemPackage

/// Brings packets that a program has itself, such as those of a capture file.
final class ReplayProvider: NetworkProvider {
    private let wanted = Mutex<Set<String>>([])

    func setInterested(
        _ interested: Bool, in netid: NetID, family: NetworkFamily, event: NetworkEvent
    ) throws(NetiError) {
        guard event == .physicalIn else {
            throw NetiError(.notSupported, "\(event) never happens in a replay")
        }
        wanted.withLock { wanted in
            if interested { wanted.insert("\(family)") } else { wanted.remove("\(family)") }
        }
    }

    /// Runs the hooks for one packet; whether it passed. The reader belongs to the calling thread.
    func replay(_ packet: inout [UInt8], at inet: NetworkProtocol, reader: borrowing Reader) -> Bool {
        guard wanted.withLock({ $0.contains("\(inet.family)") }) else { return true }
        reader.enter()
        defer { reader.leave() }
        return unsafe packet.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            var event = unsafe PacketEvent(
                netid: inet.netid, family: inet.family, event: .physicalIn, flags: [], lane: reader.index,
                metadata: PacketMetadata(), mark: 0, base: base, count: bytes.count, capacity: bytes.count)
            return inet.event(.physicalIn).run(&event, reader: reader) == .pass && !event.isConsumed
        }
    }
}

/// What hooks on the frames of a virtual machine get.
struct Frame: ~Copyable {
    let machine: Int
    let length: Int
}

/// A protocol of its own beside IPv4, IPv6 and ARP.
final class FrameProvider: Sendable {
    private let handle: ProtocolHandle
    private let received: HookEvent<Frame>

    init(netinfo: Netinfo, netid: NetID) throws {
        handle = try netinfo.registerProtocol(named: "NHF_FRAMES", in: netid)
        try handle.registerFamily(HookFamily(name: "frames"))
        received = HookEvent(
            family: "frames", name: "PHYSICAL_IN", ordering: .documented, publication: netinfo.publication, limit: 16
        ) { _ in }
        try handle.registerEvent(received)
    }

    func receive(_ frame: consuming Frame, reader: borrowing Reader) -> HookResult {
        guard received.isInterested else { return .pass }
        reader.enter()
        defer { reader.leave() }
        return received.run(&frame, reader: reader)
    }

    func stop() throws {
        try handle.shutDownEvent(named: "PHYSICAL_IN")
        try handle.shutDownFamily(named: "frames")
        try handle.unregisterEvent(named: "PHYSICAL_IN")
        try handle.unregisterFamily(named: "frames")
        handle.unregister()
    }
}
