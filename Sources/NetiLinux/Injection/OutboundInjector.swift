// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import Neti
import Packet
import SystemPackage

/// Sends the packets of one instance that NI_QUEUE_OUT puts back, as raw(7) sockets with the header included do.
///
/// They pass output and postrouting as any packet of this host does, so `LOOPBACK_OUT` or `PHYSICAL_OUT` sees them. Where
/// they go is up to routing, policy rules by source and by mark included. Packets of one family that bear the same
/// cookie, one after the other, go by one system call.
///
/// On its way the kernel changes of an IPv4 packet
/// - its header checksum and total length, which it fills in,
/// - an identification of 0, unless fragmenting is forbidden, and a source of 0.0.0.0, instead of which it puts its own,
///
/// and nothing of an IPv6 packet. It refuses one that is longer than the MTU of its interface, which then goes in
/// fragments, unless it is IPv4 that forbids it: hooks are shown what this host sends before the kernel fragments it.
///
/// Used by one thread. The sockets are opened when the first packet needs them and closed with the object.
@safe
package final class OutboundInjector {
    private let namespace: Namespace
    private let broker: NamespaceBroker
    private let cookie: InjectionCookie
    private var inet = RawSocket(family: UInt8(AF_INET))
    private var inet6 = RawSocket(family: UInt8(AF_INET6))
    private let memory: UnsafeMutableRawPointer
    private let batch: OpaquePointer
    private var outcomes = [Int32](repeating: 0, count: Int(CLNX_RAW_BATCH))

    /// Packets that were handed over and not decided on yet, from `first` on.
    private var packets: [DuePacket] = []
    private var first = 0
    /// The first of them, while it goes in fragments.
    private var fragmented: FragmentedPacket?

    /// Allocates what one batch needs; opens nothing.
    package init(
        in namespace: Namespace, broker: NamespaceBroker, cookie: InjectionCookie = .ofProcess
    ) {
        self.namespace = namespace
        self.broker = broker
        self.cookie = cookie
        unsafe memory = .allocate(byteCount: clnx_raw_batch_size(), alignment: 16)
        unsafe batch = clnx_raw_prepare(memory)
        packets.reserveCapacity(4 * Int(CLNX_RAW_BATCH))
    }

    deinit {
        for socket in [inet, inet6] where socket.descriptor >= 0 { close(socket.descriptor) }
        unsafe memory.deallocate()
    }

    /// Hands over a packet, which goes with the next ``send(_:)``. Its bytes stay on the list.
    package func append(_ packet: DuePacket) {
        packets.append(packet)
    }

    /// Sends what was handed over, in its order, and takes off the list what is sent or refused for good.
    ///
    /// - Returns: whether all is gone. Otherwise the socket's buffer is full, because cards or queues are behind: call
    ///   again with the next tick.
    package func send(_ consumer: borrowing InjectionConsumer) -> Bool {
        while first < packets.count {
            let isGoingOn = fragmented == nil ? sendBatch(consumer) : sendFragments(consumer)
            guard isGoingOn else {
                forget()
                return false
            }
        }
        packets.removeAll(keepingCapacity: true)
        first = 0
        return true
    }

    /// Lets go of the packets that are decided on, before they are more than the others: where cards are behind all the time
    /// there are always others.
    private func forget() {
        guard first > packets.count / 2 else { return }
        packets.removeFirst(first)
        first = 0
    }

    /// Gives back what was handed over and isn't decided on, for the instance is going.
    package func takeWaiting() -> [DuePacket] {
        defer {
            packets = []
            first = 0
            fragmented = nil
        }
        return Array(packets[first...])
    }

    /// Puts as many packets into the batch as may go together; at least one.
    private func fill(_ consumer: borrowing InjectionConsumer, atMost most: Int = Int(CLNX_RAW_BATCH)) -> Int {
        let leader = packets[first]
        var count = 0
        while count < most, first + count < packets.count {
            let packet = packets[first + count]
            guard
                packet.family == leader.family, packet.injections == leader.injections,
                packet.stamps == leader.stamps
            else { break }
            var isBegun = false
            unsafe consumer.forEachChunk(of: packet) { chunk in
                guard let start = chunk.baseAddress else { return }
                if isBegun {
                    _ = unsafe clnx_raw_continue(batch, start, chunk.count)
                } else {
                    let family = UInt8(packet.family == .inet ? AF_INET : AF_INET6)
                    _ = unsafe clnx_raw_add(batch, family, packet.mark, packet.interface, start, chunk.count)
                    isBegun = true
                }
            }
            count += 1
        }
        return count
    }

    /// Sends as many packets as may go together; false when the socket's buffer is full.
    private func sendBatch(_ consumer: borrowing InjectionConsumer) -> Bool {
        let count = fill(consumer)
        guard let socket = readySocket() else {
            unsafe clnx_raw_clear(batch)
            for _ in 0..<count { finish(.sendFailed, consumer) }
            return true
        }
        let decided = Int(unsafe clnx_raw_send(socket, batch, &outcomes))
        for index in 0..<decided {
            guard outcomes[index] != -EMSGSIZE else { return split(socket, consumer) }
            finish(InjectionError.Reason(sending: outcomes[index]), consumer)
        }
        return decided == count
    }

    /// Splits the first packet, which was refused for its length, so that its fragments go in its place.
    private func split(_ socket: Int32, _ consumer: borrowing InjectionConsumer) -> Bool {
        let packet = packets[first]
        _ = fill(consumer, atMost: 1)
        let family = UInt8(packet.family == .inet ? AF_INET : AF_INET6)
        let mtu = unsafe clnx_raw_mtu(socket, family, packet.mark, batch)
        if mtu == -EAGAIN { return false }
        guard mtu > 0 else {
            finish(InjectionError.Reason(sending: mtu), consumer)
            return true
        }
        do throws(PacketError) {
            fragmented = try FragmentedPacket(packet, of: consumer, mtu: Int(mtu))
        } catch {
            finish(.tooLong, consumer)
        }
        return true
    }

    /// Sends the rest of a packet that goes in fragments; false when the socket's buffer is full.
    private func sendFragments(_ consumer: borrowing InjectionConsumer) -> Bool {
        var outcome = FragmentedPacket.Outcome.refused(-EIO)
        if let socket = readySocket() {
            outcome = unsafe fragmented?.send(socket, by: batch, &outcomes) ?? outcome
        }
        switch outcome {
        case .waits: return false
        case .sent: finish(nil, consumer)
        case .refused(let code): finish(InjectionError.Reason(sending: code), consumer)
        }
        fragmented = nil
        return true
    }

    /// Takes the first packet off the list.
    private func finish(_ refusal: InjectionError.Reason?, _ consumer: borrowing InjectionConsumer) {
        consumer.finish(packets[first], refusal)
        first += 1
    }

    // MARK: Sockets

    private struct RawSocket {
        let family: UInt8
        var descriptor: Int32 = -1
        /// What its packets get; 0 is what a new socket gives.
        var priority: UInt32 = 0
    }

    /// The socket by which the first packet goes; nil when it can't be had.
    private func readySocket() -> Int32? {
        let packet = packets[first]
        let priority = cookie.priority(injections: packet.injections, stamps: packet.stamps)
        return packet.family == .inet ? ready(&inet, priority) : ready(&inet6, priority)
    }

    /// A family's socket, giving that priority; nil when it can't be had.
    private func ready(_ socket: inout RawSocket, _ priority: UInt32) -> Int32? {
        if socket.descriptor < 0 {
            let family = socket.family
            let opened = try? broker.run(in: namespace) { () throws(NetiError) in clnx_raw_open(family) }
            guard let opened, opened >= 0 else { return nil }
            (socket.descriptor, socket.priority) = (opened, 0)
        }
        if socket.priority != priority {
            // One socket with ever other priorities, not one for each: packets under way keep theirs.
            guard clnx_raw_set_priority(socket.descriptor, priority) == 0 else { return nil }
            socket.priority = priority
        }
        return socket.descriptor
    }
}

extension InjectionError.Reason {
    /// Why a packet was refused; nil for 0, when it is on its way.
    @inline(__always)
    init?(sending code: Int32) {
        if code == 0 { return nil }
        self.init(errno: -code)
    }

    private init(errno: Int32) {
        switch errno {
        case EMSGSIZE: self = .tooLong
        case ENETUNREACH, EHOSTUNREACH: self = .unreachable
        case ENETDOWN: self = .interfaceDown
        case ENXIO, ENODEV: self = .unknownInterface
        case ENOTSOCK: self = .deadInstance
        default: self = .sendFailed
        }
    }
}
