// SPDX-License-Identifier: Apache-2.0

public import Packet

// What a hook asks most often, in one word. Reading these doesn't remember the headers as `datagram` does; a hook that
// asks for several things asks for `datagram` first.
extension PacketEvent {
    /// The TCP header; nil for other protocols, later fragments and packets too short for it.
    public var tcp: TCP? {
        @_lifetime(borrow self)
        get { currentDatagram?.tcp(in: bytes) }
    }

    /// The UDP header; nil for other protocols, later fragments and packets too short for it.
    public var udp: UDP? {
        @_lifetime(borrow self)
        get { currentDatagram?.udp(in: bytes) }
    }

    /// The ICMP or ICMPv6 header; nil for other protocols, later fragments and packets too short for it.
    public var icmp: ICMP? {
        @_lifetime(borrow self)
        get { currentDatagram?.icmp(in: bytes) }
    }
}
