// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Packet

/// An IP address and a port, as sockets take and give them (ip(7), ipv6(7)).
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host.
    public let address: IPAddress
    /// The port; 0 for any.
    public let port: UInt16

    /// Puts the two together.
    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// As people write it.
    public var description: String {
        switch address.version {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }

    /// `sockaddr_in` or `sockaddr_in6`.
    public var encoded: [UInt8] {
        let family = UInt16(address.version == .v4 ? AF_INET : AF_INET6)
        var bytes = [UInt8(truncatingIfNeeded: family), UInt8(family >> 8), UInt8(port >> 8), UInt8(port & 0xFF)]
        switch address.version {
        case .v4:
            bytes += bigEndian(UInt64(address.v4), bytes: 4) + [UInt8](repeating: 0, count: 8)
        case .v6:
            bytes +=
                [0, 0, 0, 0] + bigEndian(address.high, bytes: 8) + bigEndian(address.low, bytes: 8) + [0, 0, 0, 0]
        }
        return bytes
    }

    /// Reads what ``encoded`` makes; nil for another family.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        let family = Int32(bytes[0]) | Int32(bytes[1]) << 8
        func number(at offset: Int, bytes count: Int) -> UInt64 {
            bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let port = UInt16(number(at: 2, bytes: 2))
        if family == AF_INET {
            self.init(IPAddress(v4: UInt32(number(at: 4, bytes: 4))), port: port)
        } else if family == AF_INET6, bytes.count >= 24 {
            self.init(IPAddress(v6High: number(at: 8, bytes: 8), low: number(at: 16, bytes: 8)), port: port)
        } else {
            return nil
        }
    }

    private func bigEndian(_ value: UInt64, bytes count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) }
    }
}
