// SPDX-License-Identifier: Apache-2.0

import CLinuxNet

/// The memory into which one pump receives ARP packets, allocated once.
@safe
struct ARPSlab: ~Copyable {
    /// Packets of one batch.
    static let batch = Int(CLNX_ARP_BATCH)

    /// What the last receive call brought, in order of arrival.
    let packets: UnsafeMutablePointer<clnx_arp_packet>

    private let room: UnsafeMutableRawPointer

    init() {
        unsafe packets = .allocate(capacity: Self.batch)
        unsafe room = .allocate(byteCount: Self.batch * Int(CLNX_ARP_ROOM), alignment: 8)
    }

    deinit {
        unsafe packets.deallocate()
        unsafe room.deallocate()
    }

    /// Takes what waits, by one system call that doesn't block; see `clnx_arp_receive`.
    borrowing func receive(from socket: Int32) -> Int32 {
        unsafe clnx_arp_receive(socket, room, packets, UInt32(Self.batch))
    }
}
