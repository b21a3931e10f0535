// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import Neti
import SystemPackage

/// Finds the link-layer addresses of one instance's next hops, and sends what waited for them.
///
/// What it does is ``NeighbourResolution``'s business; here are the socket of rtnetlink, which is opened when the first
/// packet needs it, and the packets themselves. Used by one thread, which watches ``socket`` and keeps ``nextTick``.
@safe
package final class NeighbourResolver {
    private let injector: DirectInjector
    private let namespace: Namespace
    private let broker: NamespaceBroker
    private var resolution = NeighbourResolution<DuePacket>()

    /// To be read with ``read(_:now:)`` when it is readable; -1 until the first packet needs it.
    package private(set) var socket: Int32 = -1

    /// Opens nothing yet.
    package init(_ injector: DirectInjector, in namespace: Namespace, broker: NamespaceBroker) {
        self.injector = injector
        self.namespace = namespace
        self.broker = broker
    }

    deinit {
        if socket >= 0 { close(socket) }
    }

    /// When ``tick(_:now:)`` is due, in nanoseconds of the monotonic clock; nil while there is nothing to do.
    package var nextTick: UInt64? { resolution.nextTick }

    /// Takes a packet whose next hop ``DirectInjector`` didn't know, and sends it now or later.
    package func take(_ packet: DuePacket, _ consumer: borrowing InjectionConsumer, now: UInt64) {
        guard let nextHop = consumer.nextHop(of: packet) else { return consumer.finish(packet, .sendFailed) }
        let key = NeighbourKey(interface: packet.interface, address: nextHop)
        guard open() else { return finish(packet, key, consumer, .sendFailed) }
        resolution.wait(packet, for: key, now: now)
        act(consumer)
        // The kernel answers at once, and mostly knows.
        if resolution.isLooking { read(consumer, now: now) }
    }

    /// Takes what the kernel told, and sends what waited for it.
    package func read(_ consumer: borrowing InjectionConsumer, now: UInt64) {
        guard socket >= 0 else { return }
        let capacity = Int(CLNX_ROUTE_BUFFER)
        unsafe withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 8) { buffer in
            guard let start = buffer.baseAddress else { return }
            while true {
                let length = unsafe clnx_route_receive(socket, start, capacity)
                switch length {
                case 1...:
                    let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<Int(length)])
                    unsafe NeighbourNews.each(in: bytes) { resolution.take($0) }
                case Int64(-ENOBUFS), Int64(-EMSGSIZE):
                    resolution.restart()
                default:
                    return
                }
                act(consumer)
            }
        }
    }

    /// Refuses what has waited too long, and has addresses confirmed that are in use. What the kernel has told by now counts.
    package func tick(_ consumer: borrowing InjectionConsumer, now: UInt64) {
        read(consumer, now: now)
        resolution.tick(now) { injector.table.takeUse(of: $0) }
        act(consumer)
    }

    /// Gives back the packets that wait, for the instance is going.
    package func takeWaiting() -> [DuePacket] {
        resolution.takeWaiting()
    }

    private func open() -> Bool {
        if socket >= 0 { return true }
        let opened = try? broker.run(in: namespace) { () throws(NetiError) in
            clnx_route_open(UInt32(CLNX_GROUP_NEIGHBOUR))
        }
        socket = opened ?? -1
        return socket >= 0
    }

    private func act(_ consumer: borrowing InjectionConsumer) {
        for action in resolution.takeActions() {
            switch action {
            case .look(let key, let sequence):
                var address = clnx_ip(key.address)
                _ = unsafe clnx_neighbour_get(socket, key.interface, &address, sequence)
            case .use(let key, let sequence):
                var address = clnx_ip(key.address)
                _ = unsafe clnx_neighbour_use(socket, key.interface, &address, sequence)
            case .send(let packet, let key, let address):
                finish(packet, key, consumer, injector.send(packet, consumer, to: address, on: key.interface))
            case .refuse(let packet, let key, let reason):
                finish(packet, key, consumer, reason)
            case .publish(let key, let address):
                if let evicted = injector.table.publish(address, of: key) { resolution.evict(evicted) }
            case .withdraw(let key):
                injector.table.remove(key)
            }
        }
    }

    private func finish(
        _ packet: DuePacket, _ key: NeighbourKey, _ consumer: borrowing InjectionConsumer,
        _ refusal: InjectionError.Reason?
    ) {
        consumer.finish(packet, refusal)
        injector.table.endWaiting(for: key)
    }
}
