// SPDX-License-Identifier: Apache-2.0

public import Packet

/// The one look at a packet that is to be injected: where its bytes are held against its header.
public struct InjectionHeader: Sendable {
    /// The packet's destination.
    public let destination: IPAddress

    /// Reads it.
    ///
    /// - Returns: nil when it isn't a packet of that family or its length is not the one its header says.
    @inline(__always)
    public init?(_ packet: RawSpan, family: NetworkFamily) {
        let count = packet.byteCount
        switch family {
        case .inet:
            guard let header = try? IPv4(packet), header.totalLength == count else { return nil }
            destination = header.destination
        case .inet6:
            guard let header = try? IPv6(packet), header.totalLength == count else { return nil }
            destination = header.destination
        case .arp:
            return nil
        }
    }
}
