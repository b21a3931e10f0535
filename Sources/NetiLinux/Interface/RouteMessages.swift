// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
package import Neti
import Packet

/// Reads datagrams of rtnetlink messages into what ``InterfaceFeed`` takes.
package enum RouteMessages {
    /// Hands over each message that matters, in order.
    ///
    /// - Parameters:
    ///   - bytes: one datagram.
    ///   - sequence: the number of the last request: answers to it end dumps.
    package static func each(
        in bytes: UnsafeRawBufferPointer, answering sequence: UInt32, _ body: (InterfaceFeed.Message) -> Void
    ) {
        guard let start = bytes.baseAddress else { return }
        var offset = 0
        while offset < bytes.count {
            var message = clnx_route_message()
            unsafe offset = clnx_route_decode(start, bytes.count, offset, &message)
            // Only the first message after the disturbance says so.
            if message.interrupted { body(.disturbed) }
            if let message = read(message, answering: sequence) { body(message) }
        }
    }

    private static func read(_ message: clnx_route_message, answering sequence: UInt32) -> InterfaceFeed.Message? {
        switch message.kind {
        case UInt32(CLNX_ROUTE_LINK):
            let interface = Interface(message.link)
            return .change(
                message.deleted ? .interfaceGone(interface.index) : .interface(interface), isAnswer: message.dumped)
        case UInt32(CLNX_ROUTE_ADDRESS):
            guard let address = InterfaceAddress(message.address) else { return nil }
            let index = message.address.interface
            return .change(
                message.deleted ? .addressGone(address, of: index) : .address(address, of: index),
                isAnswer: message.dumped)
        case UInt32(CLNX_ROUTE_ROUTE):
            guard message.dumped else { return .routesChanged }
            return Route(message.route).map(InterfaceFeed.Message.route)
        case UInt32(CLNX_ROUTE_DONE):
            return message.sequence == sequence ? .dumpEnded(isRefused: message.error != 0) : nil
        case UInt32(CLNX_ROUTE_ERROR):
            return message.sequence == sequence ? .dumpEnded(isRefused: true) : nil
        default:
            return nil
        }
    }
}

extension Interface {
    fileprivate init(_ link: clnx_link) {
        self.init(
            index: link.index, name: unsafe withUnsafeBytes(of: link.name, text), flags: .init(device: link.flags),
            mtu: link.mtu, master: link.master, linkType: link.type,
            linkAddress: LinkLayerAddress(link.address, length: Int(link.address_length)),
            kind: unsafe withUnsafeBytes(of: link.kind, text))
    }
}

extension InterfaceAddress {
    fileprivate init?(_ told: clnx_address) {
        guard let local = IPAddress(told.local) else { return nil }
        let peer = IPAddress(told.peer)
        self.init(
            local, prefixLength: told.prefix, peer: peer == local ? nil : peer, broadcast: IPAddress(told.broadcast),
            flags: .init(device: 0, address: told.flags), scope: told.scope,
            label: unsafe withUnsafeBytes(of: told.label, text))
    }
}

extension Route {
    /// nil for what a look-up by destination alone doesn't take: other tables, routes for some senders or types of
    /// service, and routes without a next hop that is alive.
    fileprivate init?(_ told: clnx_route) {
        guard let table = Table(number: told.table), told.source_prefix == 0, told.tos == 0, !told.cloned,
            let destination = IPAddress(told.destination)
        else { return nil }
        let action: Action
        switch told.type {
        case 1...5: action = .forward
        case 6...8: action = .refuse
        case 9: action = .askNextTable
        default: return nil
        }
        var hop: clnx_next_hop?
        unsafe withUnsafeBytes(of: told.hops) { bytes in
            let hops = unsafe bytes.bindMemory(to: clnx_next_hop.self)
            hop = unsafe hops.prefix(Int(told.hop_count)).first { $0.flags & 0x1 == 0 }
        }
        if action == .forward, hop == nil { return nil }
        self.init(
            destination, prefixLength: told.prefix, table: table, metric: told.metric, action: action,
            interface: hop?.interface ?? 0, gateway: hop.flatMap { IPAddress($0.gateway) })
    }
}

extension Route.Table {
    /// `RT_TABLE_*` of `linux/rtnetlink.h`.
    fileprivate init?(number: UInt32) {
        switch number {
        case 255: self = .local
        case 254: self = .main
        case 253: self = .default
        default: return nil
        }
    }
}

extension IPAddress {
    /// nil for none.
    init?(_ told: clnx_ip) {
        switch Int32(told.family) {
        case AF_INET: self.init(v4: UInt32(truncatingIfNeeded: told.low))
        case AF_INET6: self.init(v6High: told.high, low: told.low)
        default: return nil
        }
    }
}

extension clnx_ip {
    init(_ address: IPAddress) {
        self.init(high: address.high, low: address.low, family: UInt8(address.version == .v4 ? AF_INET : AF_INET6))
    }
}

/// Text that ends with a NUL.
private func text(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
