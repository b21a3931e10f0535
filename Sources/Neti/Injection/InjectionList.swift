// SPDX-License-Identifier: Apache-2.0

import Hooks
import Kstat
import Packet
import Synchronization
import SystemPackage

// How it works
//
// A packet is copied into chunks of memory that the list has had from the start. Its first slot describes it and travels:
// from the free stack to the thread that injects, through the inbox to the consumer, and back to the free stack. No thread
// ever waits for another, and what one thread injected stays in its order.
//
// Who wakes the consumer: the time for which the timer is set stands in `armed`. A thread that comes with an earlier time
// lowers it and sets the timer. Once the timer has gone off, the consumer raises it to "never" before it looks into the inbox;
// so either it sees the packet, or the thread that pushed it sees that no timer is set. A turn that the timer didn't call for
// leaves it as it is: the timer is still to go off.

/// The packets that one instance holds, delays or has been asked to inject (`net_inject`, R146, R150, R154).
///
/// Putting packets on it is for any thread, hooks included: it takes no lock, allocates nothing and makes no system call
/// but that of a timer that has to be set. One thread of the provider takes them off, see ``InjectionConsumer``.
public final class InjectionList: Sendable {
    /// Bytes of one chunk: a packet takes as many chunks as it needs.
    public static let chunkSize = InjectionChunks.size

    /// Nanoseconds of the grid on which packets go on, so that many share one timer: "next tick" is the next line of it.
    public static let tick: UInt64 = 250_000

    let counters = InjectionCounters()
    let memory: InjectionMemory
    let inboxes = InjectionInboxes()
    /// What it may take: held while that changes, beside the values that threads look at.
    let allowed = Mutex(InjectionLimits())
    let packetLimit = Atomic(0)
    let injectionLimit = Atomic(0)
    /// For when the timer is set, in nanoseconds of the monotonic clock.
    let armed = Atomic<UInt64>(.max)
    let load = InjectionLoad()

    private let interfaces: InterfaceTable
    private let borrowedInterfaces: BorrowedInterfaceTable
    let isClosed = Atomic(false)
    /// The bits of an unretained reference to the driver, which `driver` keeps alive.
    let driverBits = Atomic<UInt>(0)
    let driver = Mutex<InjectionDriver?>(nil)
    let prepare: @Sendable () throws(NetiError) -> Void
    /// When it may be called again that failed before, for it costs a hook more than a packet may.
    let nextAttempt = Atomic<UInt64>(0)

    /// - Parameter prepare: has the provider attach a driver, if it has one.
    init(
        _ limits: InjectionLimits, interfaces: InterfaceTable,
        prepare: @escaping @Sendable () throws(NetiError) -> Void
    ) {
        self.interfaces = interfaces
        borrowedInterfaces = BorrowedInterfaceTable(interfaces)
        self.prepare = prepare
        memory = InjectionMemory(atLeast: limits.bounded.bytes / Self.chunkSize)
        // Without memory there are no chunks, as if all were in use; what needs none is sent all the same.
        injectionLimit.store(limits.bounded.injections, ordering: .relaxed)
        try? change(limits)
    }
}

extension InjectionList {
    /// Injects a packet, at once or by way of the list.
    ///
    /// - Parameters:
    ///   - packet: how, with ``DuePacket/injections`` raised for this time already.
    ///   - content: its bytes, which are copied.
    ///   - nextHop: for NI_DIRECT_OUT; nil for the packet's destination.
    ///   - delay: nanoseconds; nil to hold it until its ticket is redeemed.
    /// - Returns: a ticket if it is held.
    @inline(__always)
    func inject(
        _ packet: DuePacket, _ content: RawSpan, to nextHop: IPAddress?, delay: UInt64?
    ) throws(InjectionError) -> HeldPacket? {
        do throws(InjectionError) {
            let ticket = try admit(packet, content, to: nextHop, delay: delay)
            counters.count(.accepted(packet.style))
            return ticket
        } catch {
            counters.count(error.reason)
            throw error
        }
    }

    @inline(__always)
    private func admit(
        _ packet: DuePacket, _ content: RawSpan, to nextHop: IPAddress?, delay: UInt64?
    ) throws(InjectionError) -> HeldPacket? {
        let driver = try unsafe currentDriver()
        guard packet.injections <= injectionLimit.load(ordering: .relaxed) else { throw InjectionError(.tooOften) }
        guard let header = InjectionHeader(content, family: packet.family) else { throw InjectionError(.badHeader) }
        switch packet.style {
        case .directOut:
            return try unsafe sendDirectly(packet, content, header, to: nextHop, driver)
        case .queueIn:
            guard unsafe driver._withUnsafeGuaranteedRef({ $0.canQueue }) else { throw InjectionError(.unavailable) }
            let longest = unsafe driver._withUnsafeGuaranteedRef { $0.longestInbound }
            guard packet.length <= longest else { throw InjectionError(.tooLong) }
            try requireInterface(packet.interface)
        case .queueOut:
            guard unsafe driver._withUnsafeGuaranteedRef({ $0.canQueue }) else { throw InjectionError(.unavailable) }
        }
        return try unsafe store(packet, content, to: nil, delay: delay, driver)
    }

    /// Counts what is refused before a packet gets here, and throws it.
    func refuse(_ reason: InjectionError.Reason) throws(InjectionError) {
        counters.count(reason)
        throw InjectionError(reason)
    }

    private func requireInterface(_ interface: UInt32) throws(InjectionError) {
        let flags = borrowedInterfaces.read { table in table.interfaces.read { $0.flags(of: interface) } }
        guard let flags else { throw InjectionError(.unknownInterface) }
        guard flags.contains(.up) else { throw InjectionError(.interfaceDown) }
    }

    @inline(__always)
    private func sendDirectly(
        _ packet: DuePacket, _ content: RawSpan, _ header: InjectionHeader, to nextHop: IPAddress?,
        _ driver: Unmanaged<InjectionDriver>
    ) throws(InjectionError) -> HeldPacket? {
        let outcome = unsafe content.withUnsafeBytes { bytes in
            unsafe driver._withUnsafeGuaranteedRef { driver in
                unsafe driver.sendDirectly(
                    bytes, header, interface: packet.interface, nextHop: nextHop, mark: packet.mark)
            }
        }
        switch outcome {
        case .sent:
            return nil
        case .refused(let reason):
            throw InjectionError(reason)
        case .unresolved(let interface, let nextHop):
            counters.count(.unresolved)
            var packet = packet
            packet.interface = interface
            do throws(InjectionError) {
                return try unsafe store(packet, content, to: nextHop, delay: 0, driver)
            } catch {
                unsafe driver._withUnsafeGuaranteedRef { $0.giveUp(interface: interface, nextHop: nextHop) }
                throw error
            }
        }
    }

    /// Copies a packet and hands it to the consumer, or leaves it lying until its ticket is redeemed.
    private func store(
        _ packet: DuePacket, _ content: RawSpan, to nextHop: IPAddress?, delay: UInt64?,
        _ driver: Unmanaged<InjectionDriver>
    ) throws(InjectionError) -> HeldPacket? {
        let now = UInt64(KstatTime.now.nanoseconds)
        let count = load.add(packet.length)
        // Only now: whoever empties the list after closing it waits for those that are counted.
        guard !isClosed.load(ordering: .sequentiallyConsistent) else {
            load.subtract(packets: 1, bytes: packet.length)
            throw InjectionError(.deadInstance)
        }
        guard count <= packetLimit.load(ordering: .acquiring), let first = copy(content) else {
            load.subtract(packets: 1, bytes: packet.length)
            throw InjectionError(.listFull)
        }
        let slot = unsafe memory.chunks.slot(first)
        unsafe slot.pointee.packet = packet
        unsafe slot.pointee.packet.slot = first
        unsafe slot.pointee.nextHop = nextHop
        unsafe slot.pointee.since.store(now, ordering: .relaxed)
        let use = unsafe InjectionSlot.use(in: slot.pointee.state.load(ordering: .relaxed))
        guard let delay else {
            unsafe slot.pointee.state.store(InjectionSlot.word(.held, use: use), ordering: .releasing)
            return HeldPacket(slot: first, use: use)
        }
        unsafe slot.pointee.state.store(InjectionSlot.word(.waiting, use: use), ordering: .relaxed)
        unsafe send(slot, first, at: Self.deadline(after: delay, from: now), driver)
        return nil
    }

    /// Puts a slot into the inbox and sees to it that the consumer comes in time.
    @inline(__always)
    func send(
        _ slot: UnsafeMutablePointer<InjectionSlot>, _ index: UInt32, at deadline: UInt64,
        _ driver: Unmanaged<InjectionDriver>
    ) {
        unsafe slot.pointee.packet.deadline = deadline
        inboxes.add(index)
        unsafe driver._withUnsafeGuaranteedRef { arm($0, at: deadline) }
    }

    /// Sets the timer unless it is set for that time or an earlier one.
    @inline(__always)
    func arm(_ driver: InjectionDriver, at deadline: UInt64) {
        var current = armed.load(ordering: .sequentiallyConsistent)
        while deadline < current {
            let (isDone, original) = armed.compareExchange(
                expected: current, desired: deadline, ordering: .sequentiallyConsistent)
            if isDone { return setTimer(driver, deadline) }
            current = original
        }
    }

    private func setTimer(_ driver: InjectionDriver, _ deadline: UInt64) {
        var deadline = deadline
        while true {
            counters.count(.timersSet)
            driver.arm(at: deadline)
            // Another thread may have lowered it and set the timer first: its time must stand in the end.
            let current = armed.load(ordering: .sequentiallyConsistent)
            guard current < deadline else { return }
            deadline = current
        }
    }

    /// The line of the grid after a delay.
    static func deadline(after delay: UInt64, from now: UInt64) -> UInt64 {
        let (time, isOver) = now.addingReportingOverflow(delay)
        return isOver || time > .max - 2 * tick ? .max - tick : (time / tick + 1) * tick
    }

    /// Copies bytes into chunks; the first slot, or nil when there are not enough.
    private func copy(_ content: RawSpan) -> UInt32? {
        let chunks = max(1, (content.byteCount &+ Self.chunkSize &- 1) / Self.chunkSize)
        guard memory.claim(chunks) else { return nil }
        return unsafe content.withUnsafeBytes { bytes -> UInt32? in
            var first: UInt32?
            var last: UInt32 = 0
            var offset = 0
            repeat {
                guard let index = memory.take() else {
                    giveBack(first, claimed: chunks)
                    return nil
                }
                let count = min(Self.chunkSize, bytes.count - offset)
                if let start = bytes.baseAddress {
                    unsafe memory.chunks.bytes(index).copyMemory(from: start + offset, byteCount: count)
                }
                unsafe memory.chunks.slot(index).pointee.nextChunk = 0
                if first == nil { first = index } else { unsafe memory.chunks.slot(last).pointee.nextChunk = index + 1 }
                last = index
                offset += count
            } while offset < bytes.count
            return first
        }
    }

    /// Gives back what was claimed for a packet, and taken in part.
    private func giveBack(_ first: UInt32?, claimed chunks: Int) {
        var chain = InjectionChunks.Chain()
        if let first { memory.chunks.link(first, into: &chain) }
        memory.unclaim(chunks - chain.count)
        memory.giveBack(chain)
    }

    /// Takes a packet off the list for good.
    func giveBack(_ packet: DuePacket) {
        memory.chunks.free(packet.slot)
        var chain = InjectionChunks.Chain()
        memory.chunks.link(packet.slot, into: &chain)
        memory.giveBack(chain)
        load.subtract(packets: 1, bytes: packet.length)
    }
}
