// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import CNetfilterQueue
import Glibc
import LiveHost
import Neti
import Packet
import SystemPackage
import Testing

extension RealPackets {
    /// What carries the cookie of an injected packet: `SO_PRIORITY` of its socket comes with it to the queue, and a
    /// verdict takes it off.
    @Suite struct PriorityTravels {
        private static let priority: Int32 = 0x7123_4560

        @Test(
            "A raw packet's priority comes with it through the queue; a verdict changes it, or leaves it",
            arguments: [-1, 0, 0x6123_4560] as [Int64])
        func throughTheQueue(_ change: Int64) throws {
            try HostPair.with { hosts in
                let queue = try Self.openQueue(on: hosts.right)
                defer { closeDescriptor(queue) }
                // After the queue, what a rule sees; matching by major and minor number, in hexadecimal.
                let wanted = [-1: "7123:4560", 0: "none", 0x6123_4560: "6123:4560"][change] ?? ""
                try hosts.right.loadRules(
                    """
                    table ip watch { chain c { type filter hook postrouting priority 10; \
                    udp dport 7777 meta priority \(wanted) counter; }; }
                    """)
                let sender = try Socket(on: hosts.right, domain: AF_INET, type: Int32(SOCK_RAW.rawValue), protocol: 255)
                try sender.set(SOL_SOCKET, SO_PRIORITY, Self.priority)
                let receiver = try UDPSocket(on: hosts.left, .inet, port: 7777)
                let packet = try IPHeader(from: hosts.right.inet, to: hosts.left.inet)
                    .packet(.udp(from: 1, to: 7777), payload: [1, 2, 3])
                try sender.send(packet, to: SocketAddress(hosts.left.inet, port: 0))

                let told = try Self.answer(queue, cnfq_change(mark: -1, priority: change))
                #expect(told.priority == UInt32(Self.priority) && told.isPresent)
                #expect(try receiver.receive()?.bytes == [1, 2, 3])
                let listing = try hosts.right.execute("nft", "list", "table", "ip", "watch")
                #expect(listing.contains("packets 1 "), "\(listing)")
            }
        }

        /// Holds queue 5, to which all is sent that leaves.
        private static func openQueue(on host: Host) throws -> Int32 {
            try host.run { () throws(NetiError) -> Int32 in
                var config = cnfq_config(
                    queue: 5, copy_mode: UInt8(CNFQ_COPY_PACKET), copy_range: 0, queue_length: 0, flags: 0,
                    receive_buffer: 0, send_buffer: 0)
                var opened = cnfq_opened()
                var code = unsafe cnfq_open(&config, &opened)
                guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't take queue 5") }
                let socket = clnx_nft_open()
                defer { closeDescriptor(socket) }
                guard let transaction = unsafe clnx_nft_begin() else { throw NetiError(.noMemory, "no transaction") }
                defer { unsafe clnx_nft_free(transaction) }
                var rule = clnx_nft_rule()
                rule.queue = 5
                rule.queues = 1
                rule.mechanism = UInt8(CLNX_NFT_COMPAT)
                var refused: UInt32 = 0
                _ = unsafe clnx_nft_add_table(transaction, UInt8(CLNX_NFT_IPV4), "steer", 0, true, nil, 0)
                _ = unsafe clnx_nft_add_chain(transaction, UInt8(CLNX_NFT_IPV4), "steer", "out", 4, 0)
                _ = unsafe clnx_nft_add_rule(transaction, UInt8(CLNX_NFT_IPV4), "steer", "out", &rule)
                code = unsafe clnx_nft_commit(socket, transaction, nil, 0, &refused)
                guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't steer packets") }
                return opened.fd
            }
        }

        /// Waits for one packet and lets it go on, changed.
        private static func answer(
            _ queue: Int32, _ change: cnfq_change
        ) throws -> (priority: UInt32, isPresent: Bool) {
            let size = cnfq_slab_size(1)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            defer { unsafe memory.deallocate() }
            guard let slab = unsafe cnfq_slab_prepare(memory, size, 1) else { throw Errno.noMemory }
            var packet = unsafe cnfq_packet()
            var received = cnfq_received()
            let isThere = Deadline(.seconds(3)).sees { unsafe cnfq_receive(queue, slab, &packet, &received) == 1 }
            try #require(isThere && received.packets == 1)
            let room = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
            defer { unsafe room.deallocate() }
            var verdicts = unsafe cnfq_verdicts()
            unsafe cnfq_verdicts_prepare(&verdicts, room, 64)
            try #require(unsafe cnfq_verdict_append(&verdicts, 5, packet.id, UInt32(CNFQ_ACCEPT), change) == 0)
            try #require(unsafe cnfq_verdicts_send(queue, &verdicts) == 0)
            return unsafe (packet.priority, packet.present & UInt32(CNFQ_HAS_PRIORITY) != 0)
        }
    }
}
