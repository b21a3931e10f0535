// SPDX-License-Identifier: Apache-2.0

public import Packet

/// A packet that is to be injected: where its bytes are held against its header.
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

    /// Reads it once more of a packet that was admitted by ``init(_:family:)`` before.
    ///
    /// - Returns: nil when it can't have been.
    @unsafe
    @inlinable
    @inline(__always)
    public init?(admitted packet: UnsafeRawBufferPointer, family: NetworkFamily) {
        switch family {
        case .inet:
            guard packet.count >= 20 else { return nil }
            let address = unsafe packet.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
            destination = IPAddress(v4: UInt32(bigEndian: address))
        case .inet6:
            guard packet.count >= 40 else { return nil }
            let high = unsafe packet.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
            let low = unsafe packet.loadUnaligned(fromByteOffset: 32, as: UInt64.self)
            destination = IPAddress(v6High: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        case .arp:
            return nil
        }
    }
}
