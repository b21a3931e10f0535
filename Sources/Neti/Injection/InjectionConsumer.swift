// SPDX-License-Identifier: Apache-2.0

import Glibc
import HeapModule
import Kstat
public import Packet
import Synchronization

/// Takes the packets whose time has come off one ``InjectionList``. For the provider's thread; used by one thread only.
///
/// # A turn
/// ``begin(isWoken:)``, then ``collect(into:)`` until it fills less than there is room, ``finish(_:)`` for each packet once it is
/// delivered, and ``end(_:)``, which has the timer set again if something still waits.
@safe
public struct InjectionConsumer: ~Copyable {
    private struct Waiting: Comparable {
        let deadline: UInt64
        /// Among equal times the first comes first.
        let number: UInt64
        let slot: UInt32

        static func < (one: Waiting, other: Waiting) -> Bool {
            (one.deadline, one.number) < (other.deadline, other.number)
        }
    }

    /// What was taken off and not given back to the list yet, so that many go at once.
    private struct Finished {
        var chunks = InjectionChunks.Chain()
        var packets = 0
        var bytes = 0
        var deliveredIn = 0
        var deliveredOut = 0
        /// The first place of an inbox whose packet wasn't fetched into the processor's cache yet.
        var fetched: UInt32 = 0
    }

    private let list: InjectionList
    @usableFromInline let chunks: InjectionChunks
    /// Packets that wait for their time and came in its order, as most do; each slot's ``InjectionSlot/nextInLine`` leads to
    /// the next.
    private var line = (first: UInt32(0), last: UInt32(0), firstDeadline: UInt64.max, lastDeadline: UInt64(0))
    /// All others that wait.
    private var waiting = Heap<Waiting>()
    /// When the first of both is due.
    private var earliest: UInt64 = .max
    private var number: UInt64 = 0
    private var now: UInt64 = 0
    /// Whether nothing was collected yet in this turn.
    private var isFirst = true
    /// Whether what was collected last ended at a packet that isn't there yet.
    private var isHeldUp = false
    private var reader = InjectionInboxReader()
    /// How many chunks are given back together within a turn, of a short list fewer: every thread that injects writes what
    /// packets and memory are counted in, so it costs both sides.
    private var most = 0
    private let finished: UnsafeMutablePointer<Finished>

    /// Allocates next to nothing: most instances never delay a packet.
    public init(_ list: InjectionList) {
        self.list = list
        chunks = list.memory.chunks
        unsafe finished = .allocate(capacity: 1)
        unsafe finished.initialize(to: Finished())
    }

    deinit {
        unsafe finished.deallocate()
    }

    /// Starts a turn.
    ///
    /// - Parameter isWoken: whether the timer has gone off since the last turn. It counts as not set from now on then, and
    ///   as set for its time otherwise.
    public mutating func begin(isWoken: Bool) {
        if isWoken {
            list.counters.count(.wakeups)
            list.armed.store(.max, ordering: .sequentiallyConsistent)
        }
        now = UInt64(KstatTime.now.nanoseconds)
        isFirst = true
        most = min(256, min(list.packetLimit.load(ordering: .relaxed), list.memory.limitOfChunks) / 8)
    }

    /// Takes packets whose time has come, in their order.
    ///
    /// - Returns: how many were written. Less than there was room for: nothing more is due in this turn.
    public mutating func collect(into due: UnsafeMutableBufferPointer<DuePacket>) -> Int {
        if unsafe finished.pointee.chunks.count >= most { giveBack() }
        // What was delivered took its time, and more may be due by now.
        if !isFirst { now = UInt64(KstatTime.now.nanoseconds) }
        // Threads write where inboxes end all the time, so it has to come from their processors. But once a turn it has to be:
        // what came before the timer counted as not set again has no other.
        if isFirst || reader.left < due.count { reader.look(at: list.inboxes) }
        isFirst = false
        var count = 0
        while count < due.count, let slot = next() {
            unsafe due.initializeElement(at: count, to: chunks.slot(slot).pointee.packet)
            count += 1
        }
        isHeldUp = count < due.count && reader.isHeldUp
        return count
    }

    /// Ends a turn.
    ///
    /// - Parameter deadline: when the consumer has to be called again at the latest for a reason of its own.
    public mutating func end(_ driver: InjectionDriver, before deadline: UInt64 = .max) {
        giveBack()
        var next = min(earliest, deadline)
        // Whoever fills that place sets the timer for its own packet, and those behind it may be due before.
        if isHeldUp { next = min(next, nextTick) }
        if next < .max { list.arm(driver, at: next) }
    }

    /// When packets were collected last, or the turn began, in nanoseconds of the monotonic clock.
    public var time: UInt64 { now }

    /// The next tick.
    public var nextTick: UInt64 { InjectionList.deadline(after: 0, from: now) }

    /// How many packets are fetched ahead where none are delivered meanwhile.
    private static let near: UInt32 = 8

    /// Has the processor fetch a packet that comes soon, if there is another one; they come from the cache of the processor
    /// that injected them.
    @inline(__always)
    private func fetchNext(within distance: UInt32) {
        if let slot = unsafe reader.slot(after: &finished.pointee.fetched, within: distance) { chunks.fetch(slot) }
    }

    /// The slot of the next packet that is due.
    @inline(__always)
    private mutating func next() -> UInt32? {
        while true {
            let earliest = earliest
            guard let slot = reader.slot(in: list.inboxes) else { return earliest <= now ? takeEarliest() : nil }
            // The first ones of a turn come without any delivered before them.
            fetchNext(within: Self.near)
            let deadline = unsafe chunks.slot(slot).pointee.packet.deadline
            if earliest <= now, earliest <= deadline { return takeEarliest() }
            reader.advance()
            if deadline <= now { return slot }
            wait(deadline, slot)
        }
    }

    private mutating func wait(_ deadline: UInt64, _ index: UInt32) {
        earliest = min(earliest, deadline)
        guard line.first == 0 || deadline >= line.lastDeadline else {
            waiting.insert(Waiting(deadline: deadline, number: number, slot: index))
            number &+= 1
            return
        }
        unsafe chunks.slot(index).pointee.nextInLine = 0
        if line.first == 0 {
            (line.first, line.firstDeadline) = (index + 1, deadline)
        } else {
            unsafe chunks.slot(line.last - 1).pointee.nextInLine = index + 1
        }
        (line.last, line.lastDeadline) = (index + 1, deadline)
    }

    private mutating func takeEarliest() -> UInt32? {
        defer { earliest = min(line.firstDeadline, waiting.min?.deadline ?? .max) }
        // Of equal times the line's came first: when the other came, the line went on to later times already.
        if let first = waiting.min, first.deadline < line.firstDeadline {
            waiting.removeMin()
            return first.slot
        }
        guard line.first != 0 else { return nil }
        let slot = line.first - 1
        line.first = unsafe chunks.slot(slot).pointee.nextInLine
        line.firstDeadline = line.first == 0 ? .max : unsafe chunks.slot(line.first - 1).pointee.packet.deadline
        return slot
    }

    /// The next hop of a packet, where one was asked for or routing chose one.
    public func nextHop(of packet: DuePacket) -> IPAddress? { unsafe chunks.slot(packet.slot).pointee.nextHop }

    // MARK: What becomes of them

    /// The first bytes of a packet, of most packets all; valid until it is taken off the list.
    @unsafe
    @inlinable
    @inline(__always)
    public func head(of packet: DuePacket) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: chunks.bytes(packet.slot), count: min(packet.length, InjectionChunks.size))
    }

    /// Lends the bytes of a packet, piece by piece; the first piece is its ``head(of:)``.
    @unsafe
    public func forEachChunk(of packet: DuePacket, _ body: (UnsafeRawBufferPointer) -> Void) {
        var index = packet.slot
        var left = packet.length
        while left > 0 {
            let count = min(left, InjectionChunks.size)
            unsafe body(UnsafeRawBufferPointer(start: chunks.bytes(index), count: count))
            left -= count
            let next = unsafe chunks.slot(index).pointee.nextChunk
            guard next != 0 else { return }
            index = next - 1
        }
    }

    /// Takes a packet off the list that was delivered, or could not be.
    public func finish(_ packet: DuePacket, _ refusal: InjectionError.Reason? = nil) {
        if let refusal {
            refuse(1, refusal)
        } else if packet.style == .queueIn {
            unsafe finished.pointee.deliveredIn += 1
        } else if packet.style == .queueOut {
            unsafe finished.pointee.deliveredOut += 1
        }
        release(packet)
    }

    /// Takes a packet off the list whose bytes are no longer needed, before it is known what becomes of it:
    /// ``receive(_:)`` or ``refuse(_:_:)`` counts it.
    @inlinable
    @inline(__always)
    public func release(_ packet: DuePacket) {
        // Handing over what it needs is quicker than a copy of the packet in memory.
        release(packet.slot, length: packet.length)
    }

    @usableFromInline
    func release(_ slot: UInt32, length: Int) {
        chunks.free(slot)
        unsafe chunks.link(slot, into: &finished.pointee.chunks)
        unsafe finished.pointee.packets += 1
        unsafe finished.pointee.bytes += length
        fetchNext(within: InjectionInboxReader.farthest)
    }

    /// Counts packets that an interface has received.
    public func receive(_ count: Int) {
        unsafe finished.pointee.deliveredIn += count
    }

    /// Counts packets that could not be delivered.
    public func refuse(_ count: Int, _ reason: InjectionError.Reason) {
        for _ in 0..<count { list.counters.count(reason) }
    }

    /// Gives back what was taken off.
    private func giveBack() {
        let what = unsafe finished.pointee
        guard what.packets > 0 else { return }
        unsafe finished.pointee = Finished(fetched: what.fetched)
        if what.deliveredIn > 0 { list.counters.count(.deliveredIn, what.deliveredIn) }
        if what.deliveredOut > 0 { list.counters.count(.deliveredOut, what.deliveredOut) }
        list.memory.giveBack(what.chunks)
        list.load.subtract(packets: what.packets, bytes: what.bytes)
    }

    /// Takes a packet off the list that was collected and can't be delivered any more, for the instance is going (R154).
    public func lose(_ packet: DuePacket) {
        list.counters.count(.lostWithInstance)
        list.giveBack(packet)
    }

    /// Takes everything off, for the instance is going: waiting packets and those that are held (R154). The list is closed,
    /// and what was collected is finished or lost.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public mutating func discard() -> Int {
        giveBack()
        now = .max
        var count = 0
        let start = KstatTime.now.nanoseconds
        while true {
            reader.look(at: list.inboxes)
            while let slot = next() {
                list.giveBack(unsafe chunks.slot(slot).pointee.packet)
                count += 1
            }
            count += takeHeld()
            // A thread that found the list open may be about to put a packet there.
            if list.load.isEmpty || KstatTime.now.nanoseconds - start > Self.patience { break }
            sched_yield()
        }
        list.counters.count(.lostWithInstance, count)
        return count
    }

    /// Nanoseconds for which the end waits for a thread that is about to put a packet on the list.
    private static let patience: Int64 = 1_000_000_000

    /// Takes off what waits for its ticket; how many there were.
    private func takeHeld() -> Int {
        var count = 0
        for index in 0..<UInt32(list.memory.touched) {
            let word = unsafe chunks.slot(index).pointee.state.load(ordering: .acquiring)
            guard InjectionSlot.state(in: word) == .held,
                list.takeBack(HeldPacket(slot: index, use: InjectionSlot.use(in: word)))
            else { continue }
            count += 1
        }
        return count
    }
}
