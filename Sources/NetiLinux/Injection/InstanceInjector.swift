// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Kstat
import Neti
import Packet
import SystemPackage

/// Delivers what one instance's hooks and programs inject.
///
/// ``arm(at:)`` and ``sendDirectly(_:_:interface:nextHop:mark:)`` are for any thread. The rest is the business of the thread
/// `neti-inject`, and what it uses there needs no lock.
final class InstanceInjector: InjectionDriver, @unchecked Sendable {
    private let timer: Int32
    private let direct: DirectInjector

    // Of the thread alone, until the end.
    private var consumer: InjectionConsumer?
    private var inbound: InboundInjector
    /// Made with the first packet, for it takes memory.
    private var outbound: OutboundInjector?
    private var neighbours: NeighbourResolver?
    /// What the thread watches of ``neighbours``, once it is there.
    private var neighbourSocket: Int32 = -1
    private var namespace: InstanceNamespace?
    /// The same for the broker.
    private let location: Namespace
    private let broker: NamespaceBroker

    /// Opens what the instance needs from inside its namespace.
    ///
    /// - Parameters:
    ///   - injected: where the instance's pumps look.
    ///   - canQueue: whether the kernel can do the QUEUE styles.
    /// - Throws: `EMFILE`; `ENOENT` when the namespace isn't there; `EPERM` without `CAP_NET_RAW`.
    init(
        _ instance: Instance, in namespace: Namespace, monitor: InterfaceMonitor, injected: InjectedPackets,
        broker: NamespaceBroker, canQueue: Bool
    ) throws(NetiError) {
        do throws(Errno) {
            let opened = try InstanceNamespace(namespace, identity: monitor.identity)
            // Its name may stand for another one by the time that a socket is opened there.
            location = opened.location
            self.namespace = consume opened
        } catch {
            throw NetiError(error, "instance '\(instance.name)': can't open its namespace")
        }
        self.broker = broker
        let direct = try DirectInjector(monitor.table, in: location, broker: broker)
        self.direct = direct
        timer = clnx_timer_create()
        guard timer >= 0 else {
            throw NetiError(Errno(rawValue: -timer), "instance '\(instance.name)': can't make a timer")
        }
        consumer = InjectionConsumer(instance.injection)
        inbound = InboundInjector(monitor.table, injected)
        neighbours = NeighbourResolver(direct, in: location, broker: broker)
        super.init(canQueue: canQueue, longestInbound: LiveFrames.maximumLength)
    }

    deinit {
        close(timer)
    }

    // MARK: On any thread

    override func arm(at deadline: UInt64) {
        _ = clnx_timer_set(timer, deadline)
    }

    @unsafe
    override func sendDirectly(
        _ packet: UnsafeRawBufferPointer, _ header: InjectionHeader, interface: UInt32, nextHop: IPAddress?,
        mark: UInt32
    ) -> Outcome {
        unsafe direct.send(packet, header, interface: interface, nextHop: nextHop, mark: mark)
    }

    override func giveUp(interface: UInt32, nextHop: IPAddress) {
        direct.giveUp(interface: interface, nextHop: nextHop)
    }

    // MARK: On the thread neti-inject

    /// What the thread waits for, with what it is told then.
    var descriptors: [(descriptor: Int32, token: UInt64)] {
        neighbourSocket >= 0 ? [(timer, token), (neighbourSocket, token | 1)] : [(timer, token)]
    }

    /// Its address.
    var token: UInt64 { UInt64(UInt(bitPattern: unsafe Unmanaged.passUnretained(self).toOpaque())) }

    /// What there is to wait for since the last turn, besides.
    func takeNewDescriptor() -> (descriptor: Int32, token: UInt64)? {
        guard neighbourSocket < 0, let socket = neighbours?.socket, socket >= 0 else { return nil }
        neighbourSocket = socket
        return (socket, token | 1)
    }

    /// Takes what the kernel tells of neighbours, or delivers what is due.
    ///
    /// - Returns: whether more is due, so that it wants another turn as soon as others have had theirs.
    func turn(_ token: UInt64, _ round: inout InjectionRound) -> Bool {
        guard var consumer = consumer.take() else { return false }
        let now = UInt64(KstatTime.now.nanoseconds)
        var isAll = true
        if token == self.token {
            isAll = deliver(&consumer, &round, now)
        } else {
            neighbours?.read(consumer, now: now)
        }
        if let tick = neighbours?.nextTick, tick <= now { neighbours?.tick(consumer, now: now) }
        let isSent = outbound?.send(consumer) ?? true
        let retry = isSent ? UInt64.max : consumer.nextTick
        consumer.end(self, before: min(retry, neighbours?.nextTick ?? .max))
        self.consumer = consume consumer
        return !isAll
    }

    /// Delivers what is due, but not for ever where it comes as fast as it goes: other instances have their turn too.
    ///
    /// - Returns: whether that was all.
    private func deliver(_ consumer: inout InjectionConsumer, _ round: inout InjectionRound, _ now: UInt64) -> Bool {
        // Not the timer's doing where an instance has another turn at once.
        consumer.begin(isWoken: clnx_timer_take(timer) > 0)
        let start = consumer.time
        var isSending = true
        while consumer.time - start < InjectionRound.longest {
            let count = unsafe consumer.collect(into: round.due)
            deliver(count, of: consumer, &round, now)
            guard count == InjectionRound.batch else { return true }
            // Where the socket's buffer is full it stays so for a while.
            if isSending { isSending = outbound?.send(consumer) ?? true }
        }
        return false
    }

    /// Hands over a batch, neighbours of one style together.
    private func deliver(
        _ count: Int, of consumer: borrowing InjectionConsumer, _ round: inout InjectionRound, _ now: UInt64
    ) {
        var start = 0
        while start < count {
            let style = unsafe round.due[start].style
            var end = start + 1
            while end < count, unsafe round.due[end].style == style { end += 1 }
            let packets = unsafe UnsafeBufferPointer(rebasing: round.due[start..<end])
            switch style {
            case .queueIn: unsafe receive(packets, of: consumer, &round)
            case .queueOut: unsafe send(packets)
            case .directOut:
                for index in packets.indices { neighbours?.take(unsafe packets[index], consumer, now: now) }
            }
            start = end
        }
    }

    private func send(_ packets: UnsafeBufferPointer<DuePacket>) {
        let outbound = outbound ?? OutboundInjector(in: location, broker: broker)
        self.outbound = outbound
        for index in packets.indices { outbound.append(unsafe packets[index]) }
    }

    private func receive(
        _ packets: UnsafeBufferPointer<DuePacket>, of consumer: borrowing InjectionConsumer,
        _ round: inout InjectionRound
    ) {
        guard let namespace = namespace.take() else { return }
        unsafe round.receive(packets, of: consumer, in: namespace, by: &inbound)
        self.namespace = consume namespace
    }

    /// Drops what is on the list, and closes what keeps the namespace alive.
    func end() {
        // The list has this driver as long as it lives, so this mustn't keep the list.
        if var consumer = consumer.take() {
            for packet in (outbound?.takeWaiting() ?? []) + (neighbours?.takeWaiting() ?? []) { consumer.lose(packet) }
            consumer.discard()
        }
        outbound = nil
        neighbours = nil
        namespace = nil
        direct.end(replacingSocketBy: timer)
    }
}
