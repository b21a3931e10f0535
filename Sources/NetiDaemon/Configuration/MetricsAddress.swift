// SPDX-License-Identifier: Apache-2.0

import Packet

/// Where the daemon's metrics can be fetched: `unix:/run/neti/metrics.sock`, `127.0.0.1:9469` or `[::1]:9469`.
///
/// A TCP port is on a loopback address only: the answer names every instance and hook, and nobody is asked who he is.
public enum MetricsAddress: Sendable, Equatable {
    /// A Unix socket: an absolute path of at most 107 bytes.
    case unix(path: String)
    /// A loopback address without brackets, and a port from 1 to 65,535.
    case tcp(host: String, port: Int)

    /// Reads the spelling of the configuration; nil for anything else.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard path.utf8.first == UInt8(ascii: "/"), (2...107).contains(path.utf8.count) else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(digits), (1...65_535).contains(port),
            let address = IPAddress(String(host)), address.isLoopback, isBracketed == (address.version == .v6)
        else { return nil }
        self = .tcp(host: String(host), port: port)
    }
}

extension MetricsAddress: CustomStringConvertible {
    /// The spelling of the configuration.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

extension IPAddress {
    /// Whether packets to it never leave the host: 127.0.0.0/8 (RFC 1122) and ::1 (RFC 4291).
    fileprivate var isLoopback: Bool {
        version == .v4 ? v4 >> 24 == 127 : high == 0 && low == 1
    }
}
