// SPDX-License-Identifier: Apache-2.0

import CNetfilterQueue
import Neti
import SystemPackage

/// The memory into which one pump receives batches, allocated once.
///
/// Shared by all queues of the pump, since it turns one at a time. Each message has room for the largest packet there
/// is; pages are touched only as far as packets reach.
@safe
struct ReceiveSlab: ~Copyable {
    /// What the last receive call brought, in order of arrival.
    let packets: UnsafeMutablePointer<cnfq_packet>

    /// First byte of the memory, for packets without bytes.
    var start: UnsafeMutableRawPointer { unsafe memory }

    private let memory: UnsafeMutableRawPointer
    private let slab: OpaquePointer

    /// - Parameter messages: the most packets of one batch, 1 to 1024.
    /// - Throws: `EINVAL` for another number.
    init(messages: UInt32) throws(NetiError) {
        let size = cnfq_slab_size(messages)
        guard size > 0 else { throw NetiError(.invalidArgument, "a batch of \(messages) packets") }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        guard let slab = unsafe cnfq_slab_prepare(memory, size, messages) else {
            unsafe memory.deallocate()
            throw NetiError(.invalidArgument, "a batch of \(messages) packets")
        }
        unsafe self.memory = memory
        unsafe self.slab = slab
        unsafe packets = .allocate(capacity: Int(messages))
    }

    deinit {
        unsafe packets.deallocate()
        unsafe memory.deallocate()
    }

    /// Takes what waits on a socket, by one system call that doesn't block; see `cnfq_receive`.
    @inline(__always)
    borrowing func receive(from socket: Int32, _ received: inout cnfq_received) -> Int32 {
        unsafe cnfq_receive(socket, slab, packets, &received)
    }
}
