// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Packet

/// A packet that is longer than the MTU of where it goes, on its way in fragments.
struct FragmentedPacket {
    private let packet: DuePacket
    /// All fragments, one behind the other.
    private let bytes: [UInt8]
    /// Where each of them ends there.
    private let ends: [Int]
    /// How many were sent.
    private var sent = 0

    /// Splits a packet.
    ///
    /// - Parameter mtu: the longest that a fragment may be, in bytes.
    /// - Throws: when it can't be split, see ``Fragments``.
    init(_ packet: DuePacket, of consumer: borrowing InjectionConsumer, mtu: Int) throws(PacketError) {
        self.packet = packet
        var whole: [UInt8] = []
        whole.reserveCapacity(packet.length)
        unsafe consumer.forEachChunk(of: packet) { chunk in unsafe whole.append(contentsOf: chunk) }
        let fragments = try unsafe Fragments(
            of: whole.span.bytes, mtu: mtu, identification: .random(in: .min ... .max))
        var ends: [Int] = []
        for index in 0..<fragments.count { ends.append((ends.last ?? 0) + fragments.length(of: index)) }
        var bytes = [UInt8](repeating: 0, count: ends.last ?? 0)
        try Self.write(fragments, endingAt: ends, into: &bytes)
        (self.bytes, self.ends) = (bytes, ends)
    }

    private static func write(
        _ fragments: borrowing Fragments, endingAt ends: [Int], into bytes: inout [UInt8]
    ) throws(PacketError) {
        var elements = bytes.mutableSpan
        var room = unsafe elements.mutableBytes
        for index in ends.indices {
            var place = room._mutatingExtracting((index == 0 ? 0 : ends[index - 1])..<ends[index])
            try fragments.write(index, into: &place)
        }
    }

    /// What became of the packet.
    enum Outcome {
        case sent
        case refused(Int32)
        /// The socket's buffer is full: call again.
        case waits
    }

    /// Sends the fragments that weren't sent yet. Behind one that is refused there are no others.
    mutating func send(_ socket: Int32, by batch: OpaquePointer, _ outcomes: inout [Int32]) -> Outcome {
        while sent < ends.count {
            let (count, decided) = unsafe sendBatch(socket, by: batch, &outcomes)
            if let refused = outcomes[..<decided].first(where: { $0 != 0 }) { return .refused(refused) }
            sent += decided
            if decided < count { return .waits }
        }
        return .sent
    }

    private func sendBatch(
        _ socket: Int32, by batch: OpaquePointer, _ outcomes: inout [Int32]
    ) -> (count: Int, decided: Int) {
        let family = UInt8(packet.family == .inet ? AF_INET : AF_INET6)
        let count = min(ends.count - sent, Int(CLNX_RAW_BATCH))
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return (count, 0) }
            for index in sent..<(sent + count) {
                let start = index == 0 ? 0 : ends[index - 1]
                _ = unsafe clnx_raw_add(
                    batch, family, packet.mark, packet.interface, base + start, ends[index] - start)
            }
            return (count, Int(unsafe clnx_raw_send(socket, batch, &outcomes)))
        }
    }
}
