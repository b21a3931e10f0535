// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import Neti
package import Packet
import Synchronization
import SystemPackage

/// Sends the packets of one instance that go straight out of an interface (NI_DIRECT_OUT), as packet(7) sockets do.
///
/// They pass no hook and no rule of netfilter but those for devices (egress), and nothing is done to them: the kernel
/// writes the link-layer header and hands them to the interface's queue. ``send(_:_:interface:nextHop:mark:)`` is for any
/// thread, hooks included; it takes no lock, allocates nothing, and makes one system call. What it can't send at once
/// for want of a link-layer address is the business of ``NeighbourResolver``.
@safe
package final class DirectInjector: Sendable {
    /// The index that loopback has in every namespace.
    private static let loopback: UInt32 = 1

    let table = NeighbourTable()
    private let socket: Int32
    private let interfaces: InterfaceTable
    // The same once more, for what happens in hooks: looking through these counts no references.
    private let borrowedTable: Unmanaged<NeighbourTable>
    private let borrowedInterfaces: Unmanaged<InterfaceTable>

    /// Opens the socket. It receives nothing, so it costs no more than a descriptor.
    ///
    /// - Throws: `EPERM` without `CAP_NET_RAW`; `EMFILE`; `ENOENT` when the namespace isn't there; `EAFNOSUPPORT` when the
    ///   kernel was built without packet sockets.
    package init(_ interfaces: InterfaceTable, in namespace: Namespace, broker: NamespaceBroker) throws(NetiError) {
        let opened = try broker.run(in: namespace) { () throws(NetiError) in
            let opened = clnx_packet_open()
            guard opened >= 0 else { throw NetiError(Errno(rawValue: -opened), "can't open a packet socket") }
            return opened
        }
        socket = opened
        self.interfaces = interfaces
        unsafe borrowedInterfaces = .passUnretained(interfaces)
        unsafe borrowedTable = .passUnretained(table)
    }

    deinit {
        close(socket)
    }

    /// Lets go of the socket, which keeps the namespace alive. Threads may be sending: the descriptor stays theirs and stands
    /// for something else from now on, on which sending is refused as ``InjectionError/Reason/deadInstance``.
    ///
    /// - Parameter other: a descriptor of something that is no socket.
    package func end(replacingSocketBy other: Int32) {
        _ = clnx_descriptor_replace(socket, other)
    }

    // MARK: At once, on any thread

    /// Sends a packet.
    ///
    /// ``InjectionDriver/Outcome/unresolved(interface:nextHop:)`` makes room for it among those that wait: it has to reach
    /// ``NeighbourResolver/take(_:_:now:)``, or ``giveUp(interface:nextHop:)`` be called.
    /// - Parameters:
    ///   - packet: all of its bytes.
    ///   - interface: 0 for what routing says.
    ///   - nextHop: nil for the packet's destination, or what routing says if it chooses.
    ///   - mark: its firewall mark, which traffic control may look at.
    @unsafe
    @inline(__always)
    package func send(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?,
        mark: UInt32
    ) -> InjectionDriver.Outcome {
        let known = NeighbourKey(interface: interface, address: nextHop ?? header.destination)
        let address = unsafe borrowedTable._withUnsafeGuaranteedRef { table in
            table.address(
                of: known, length: packet.count,
                generation: unsafe borrowedInterfaces._withUnsafeGuaranteedRef { $0.generation })
        }
        if let address { return unsafe send(packet, header, to: address, on: interface, mark: mark) }
        switch target(of: header, packet.count, interface: interface, nextHop: nextHop) {
        case .refused(let reason): return .refused(reason)
        case .unresolved(let hop):
            unsafe borrowedTable._withUnsafeGuaranteedRef { $0.beginWaiting(for: hop) }
            return .unresolved(interface: hop.interface, nextHop: hop.address)
        case .address(let address, let interface):
            return unsafe send(packet, header, to: address, on: interface, mark: mark)
        }
    }

    @unsafe
    @inline(__always)
    private func send(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, to address: LinkLayerAddress?,
        on interface: UInt32, mark: UInt32
    ) -> InjectionDriver.Outcome {
        guard let start = packet.baseAddress else { return .refused(.badHeader) }
        var target = Self.target(header.destination.version, to: address, on: interface, mark: mark)
        let code: Int32
        if mark == 0 {
            code = unsafe clnx_packet_send_plain(socket, start, packet.count, &target)
        } else {
            var part = unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: packet.count)
            code = unsafe clnx_packet_send(socket, &part, 1, &target)
        }
        guard let refusal = InjectionError.Reason(sending: code) else { return .sent }
        return .refused(refusal)
    }

    private enum Target {
        case address(LinkLayerAddress?, on: UInt32)
        case unresolved(NeighbourKey)
        case refused(InjectionError.Reason)
    }

    /// Where a packet of that length goes.
    @inline(__always)
    private func target(
        of header: InjectionHeader, _ length: Int, interface: UInt32, nextHop: IPAddress?
    ) -> Target {
        unsafe borrowedInterfaces._withUnsafeGuaranteedRef { interfaces in
            guard let hop = Self.hop(to: header.destination, interfaces, interface: interface, nextHop: nextHop) else {
                return .refused(.unreachable)
            }
            let generation = interfaces.generation
            guard let (link, role) = interfaces.outlet(hop.interface, for: hop.address) else {
                return .refused(.unknownInterface)
            }
            guard link.flags.contains(.up) else { return .refused(.interfaceDown) }
            guard length <= Int(link.mtu) else { return .refused(.tooLong) }
            switch link.destination(for: hop.address, role) {
            case .address(let address): return .address(address, on: hop.interface)
            case .none: return .refused(.sendFailed)
            case .neighbour:
                return unsafe borrowedTable._withUnsafeGuaranteedRef { table in
                    guard let address = table.address(of: hop) else { return .unresolved(hop) }
                    table.note(mtu: link.mtu, generation: generation, for: hop)
                    return .address(address, on: hop.interface)
                }
            }
        }
    }

    /// Takes back that a packet waits for its next hop: there was no room on the list.
    package func giveUp(interface: UInt32, nextHop: IPAddress) {
        table.endWaiting(for: NeighbourKey(interface: interface, address: nextHop))
    }

    /// Interface and next hop; nil without a route.
    @inline(__always)
    private static func hop(
        to destination: IPAddress, _ interfaces: InterfaceTable, interface: UInt32, nextHop: IPAddress?
    ) -> NeighbourKey? {
        let address = nextHop ?? destination
        guard interface == 0 else { return NeighbourKey(interface: interface, address: address) }
        guard let way = interfaces.route(to: address) else { return nil }
        // The route to an address of the host leads to the interface that has it; packets take loopback.
        if interfaces.role(of: address, on: way.interface) == .own {
            return NeighbourKey(interface: loopback, address: address)
        }
        return NeighbourKey(interface: way.interface, address: nextHop ?? way.address)
    }

    // MARK: Later, off the list

    /// Sends a packet whose link-layer address has been found.
    ///
    /// - Returns: why it could not be sent.
    func send(
        _ packet: DuePacket, _ consumer: borrowing InjectionConsumer, to address: LinkLayerAddress, on interface: UInt32
    ) -> InjectionError.Reason? {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: Int(CLNX_RAW_PARTS)) { parts in
            var count = 0
            unsafe consumer.forEachChunk(of: packet) { chunk in
                guard count < parts.count else { return }
                let start = unsafe UnsafeMutableRawPointer(mutating: chunk.baseAddress)
                unsafe parts.initializeElement(at: count, to: iovec(iov_base: start, iov_len: chunk.count))
                count += 1
            }
            let version: IPVersion = packet.family == .inet ? .v4 : .v6
            guard let start = parts.baseAddress else { return .sendFailed }
            var target = Self.target(version, to: address, on: interface, mark: packet.mark)
            return InjectionError.Reason(sending: unsafe clnx_packet_send(socket, start, count, &target))
        }
    }

    @inline(__always)
    private static func target(
        _ version: IPVersion, to address: LinkLayerAddress?, on interface: UInt32, mark: UInt32
    ) -> clnx_packet_target {
        clnx_packet_target(
            address: address?.rawValue ?? 0, interface: interface, mark: mark,
            protocol: version == .v4 ? 0x0800 : 0x86DD, address_length: address?.length ?? 0)
    }
}
