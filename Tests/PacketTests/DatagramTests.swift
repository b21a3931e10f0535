// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

struct DatagramTests {
    @Test func udpOverIPv4IsRead() throws {
        let header = IPHeader(from: try #require(IPAddress("192.0.2.1")), to: try #require(IPAddress("198.51.100.7")))
        let packet = try header.packet(.udp(from: 53, to: 4_000), payload: [1, 2, 3])
        let datagram = try unsafe Datagram(parsing: packet.span.bytes)
        #expect(datagram.totalLength == 31)
        #expect(datagram.protocol == .udp)
        #expect(unsafe datagram.udp(in: packet.span.bytes)?.sourcePort == 53)
        #expect(unsafe datagram.transportChecksum(in: packet.span.bytes) == 0)
    }
}
