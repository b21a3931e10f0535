// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// The queues of one pump that are so busy that the pump looks for itself instead of being told.
///
/// A queue in an epoll set makes the kernel report every packet, on the processor that sends it and whether anybody
/// waits or not; and waking a sleeper costs the sender more still. So a busy queue leaves the set, as network drivers do
/// with their interrupts (NAPI). The pump looks a few times more when it finds nothing, for the next packet is near, then
/// naps; a queue that filled too little meanwhile goes back to the set.
@safe
struct PolledQueues: ~Copyable {
    /// As many as one `epoll_wait` reports; more wait in the set for their turn.
    private static let capacity = Int(CLNX_MAX_READY)

    /// Packets at once from which on it pays to look for oneself.
    private static let busyBatch: Int32 = 4

    /// Looks without a packet before a nap: some four microseconds. With fewer, naps are so many that the sender's
    /// processor pays for it: Linux 6.18 keeps the waiting packets in a hash table that it resizes, there, each time the
    /// queue fills and empties. With more, looking costs more than the naps save.
    private static let patience = 10

    private let epoll: Int32
    private let nap: Int64
    private let queues: UnsafeMutablePointer<UnsafePointer<PumpedQueue>>
    private var count = 0
    private var emptyLooks = 0

    /// - Parameter nap: in nanoseconds; with 0 no queue is polled.
    init(epoll: Int32, nap: Int64) {
        self.epoll = epoll
        self.nap = nap
        unsafe queues = .allocate(capacity: Self.capacity)
    }

    deinit {
        unsafe queues.deallocate()
    }

    /// How many nanoseconds the pump may wait for the queues in the epoll set before it looks at those here; -1: for ever.
    var wait: Int64 {
        if count == 0 { return -1 }
        return emptyLooks < Self.patience ? 0 : nap
    }

    /// Takes a queue out of the epoll set if its last batch was large and there is room for it here.
    @inline(never)
    mutating func consider(_ queue: UnsafePointer<PumpedQueue>, lastBatch: Int32) {
        guard lastBatch >= Self.busyBatch, nap > 0, count < Self.capacity else { return }
        guard unsafe clnx_epoll_remove(epoll, queue.pointee.socket) == 0 else { return }
        unsafe (queues + count).initialize(to: queue)
        count += 1
        emptyLooks = 0
    }

    /// Serves every queue.
    @inline(never)
    mutating func look(_ loop: inout PumpLoop) {
        let hasNapped = emptyLooks >= Self.patience
        var isEmpty = true
        var index = 0
        while index < count {
            let queue = unsafe queues[index]
            let found = unsafe loop.turn(queue)
            if found > 0 { isEmpty = false }
            // Where the set doesn't take it back, for want of memory or watches, it stays.
            if hasNapped, found < Self.busyBatch, unsafe giveBack(queue) {
                count -= 1
                unsafe queues[index] = queues[count]
            } else {
                index += 1
            }
        }
        emptyLooks = isEmpty && !hasNapped ? emptyLooks + 1 : 0
    }

    /// Forgets a queue that goes away.
    mutating func forget(_ token: UInt64) {
        for index in 0..<count where unsafe UInt64(UInt(bitPattern: queues[index])) == token {
            count -= 1
            unsafe queues[index] = queues[count]
            return
        }
    }

    private func giveBack(_ queue: UnsafePointer<PumpedQueue>) -> Bool {
        let token = UInt64(UInt(bitPattern: queue))
        return unsafe clnx_epoll_add(epoll, queue.pointee.socket, UInt32(CLNX_READABLE), token) == 0
    }
}
