// SPDX-License-Identifier: Apache-2.0

import HeapModule
import Kstat
import Synchronization

/// Takes the packets whose time has come off one ``InjectionList``. For the provider's thread; used by one thread only.
///
/// # A turn
/// ``begin()``, then ``collect(into:)`` until it fills less than there is room, ``finish(_:)`` for each packet once it is
/// delivered, and ``end(_:)``, which has the timer set again if something still waits.
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

    private let list: InjectionList
    private var waiting = Heap<Waiting>()
    private var number: UInt64 = 0
    private var now: UInt64 = 0
    /// What was taken out of the inbox and not looked at yet, oldest first: a slot plus one.
    private var taken: UInt32 = 0

    /// Makes room for as many packets as the list may hold.
    public init(_ list: InjectionList) {
        self.list = list
        waiting.reserveCapacity(min(list.limits.packets, list.memory.count))
    }

    /// Starts a turn: the timer counts as not set from now on.
    public mutating func begin() {
        list.counters.count(.wakeups)
        list.armed.store(.max, ordering: .sequentiallyConsistent)
        now = UInt64(KstatTime.now.nanoseconds)
    }

    /// Takes packets whose time has come, in their order.
    ///
    /// - Returns: how many were written. Less than there was room for: nothing more is due in this turn.
    public mutating func collect(into due: UnsafeMutableBufferPointer<DuePacket>) -> Int {
        var count = 0
        while count < due.count, let packet = next() {
            unsafe due.initializeElement(at: count, to: packet)
            count += 1
        }
        return count
    }

    /// Ends a turn.
    ///
    /// - Parameter deadline: when the consumer has to be called again at the latest for a reason of its own.
    public mutating func end(_ driver: InjectionDriver, before deadline: UInt64 = .max) {
        let next = min(waiting.min?.deadline ?? .max, deadline)
        if next < .max { list.arm(driver, at: next) }
    }

    /// The next tick.
    public var nextTick: UInt64 { InjectionList.deadline(after: 0, from: now) }

    private mutating func next() -> DuePacket? {
        while true {
            if taken == 0 { takeInbox() }
            if let first = waiting.min, first.deadline <= now, taken == 0 || first.deadline <= oldestDeadline {
                waiting.removeMin()
                return unsafe list.memory.slot(first.slot).pointee.packet
            }
            guard taken != 0 else { return nil }
            let slot = taken - 1
            taken = unsafe list.memory.slot(slot).pointee.nextInInbox
            let packet = unsafe list.memory.slot(slot).pointee.packet
            if packet.deadline <= now { return packet }
            waiting.insert(Waiting(deadline: packet.deadline, number: number, slot: slot))
            number &+= 1
        }
    }

    /// Of the oldest packet that was taken out of the inbox.
    private var oldestDeadline: UInt64 {
        unsafe list.memory.slot(taken - 1).pointee.packet.deadline
    }

    /// Takes what is in the inbox, newest first, and turns it round.
    private mutating func takeInbox() {
        var next = list.inbox.exchange(0, ordering: .sequentiallyConsistent)
        while next != 0 {
            let slot = unsafe list.memory.slot(next - 1)
            let following = unsafe slot.pointee.nextInInbox
            unsafe slot.pointee.nextInInbox = taken
            taken = next
            next = following
        }
    }

    // MARK: What becomes of them

    /// Lends the bytes of a packet, piece by piece.
    @unsafe
    @inline(__always)
    public func forEachChunk(of packet: DuePacket, _ body: (UnsafeRawBufferPointer) -> Void) {
        var index = packet.slot
        var left = packet.length
        while left > 0 {
            let count = min(left, InjectionList.chunkSize)
            unsafe body(UnsafeRawBufferPointer(start: list.memory.bytes(index), count: count))
            left -= count
            let next = unsafe list.memory.slot(index).pointee.nextChunk
            guard next != 0 else { return }
            index = next - 1
        }
    }

    /// Takes a packet off the list that was delivered, or could not be.
    public func finish(_ packet: DuePacket, _ refusal: InjectionError.Reason? = nil) {
        if let refusal {
            list.counters.count(refusal)
        } else if packet.style == .queueIn {
            list.counters.count(.deliveredIn)
        } else if packet.style == .queueOut {
            list.counters.count(.deliveredOut)
        }
        list.giveBack(packet)
    }

    /// Takes everything off, for the instance is going: waiting packets and those that are held (R154).
    ///
    /// - Returns: how many there were.
    @discardableResult
    public mutating func discard() -> Int {
        now = .max
        var count = 0
        while let packet = next() {
            list.giveBack(packet)
            count += 1
        }
        for index in 0..<UInt32(list.memory.touched) {
            let word = unsafe list.memory.slot(index).pointee.state.load(ordering: .acquiring)
            guard InjectionSlot.state(in: word) == .held,
                list.drop(HeldPacket(slot: index, use: InjectionSlot.use(in: word)))
            else { continue }
            count += 1
        }
        list.counters.count(.lostWithInstance, count)
        return count
    }
}
