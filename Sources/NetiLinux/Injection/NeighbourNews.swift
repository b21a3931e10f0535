// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
package import Neti
import Packet
package import SystemPackage

/// What rtnetlink tells of next hops.
package enum NeighbourNews: Equatable, Sendable {
    /// How sure the kernel is of an address.
    package enum State: Sendable {
        /// There is an address, good until further notice.
        case valid
        /// There is an address that has to be confirmed when it is used.
        case stale
        /// It has nothing, or is asking.
        case unknown
        /// It asked, and nobody answered.
        case failed
    }

    /// The state of a next hop, in answer to a question or because it changed.
    case told(NeighbourKey, State, LinkLayerAddress?)
    /// The kernel has forgotten it.
    case gone(NeighbourKey)
    /// A request was refused.
    case refused(sequence: UInt32, Errno)

    /// Hands over all that one datagram tells, in order.
    package static func each(in bytes: UnsafeRawBufferPointer, _ body: (NeighbourNews) -> Void) {
        guard let start = bytes.baseAddress else { return }
        var offset = 0
        while offset < bytes.count {
            var message = clnx_route_message()
            unsafe offset = clnx_route_decode(start, bytes.count, offset, &message)
            if let news = NeighbourNews(message) { body(news) }
        }
    }

    private init?(_ message: clnx_route_message) {
        switch message.kind {
        case UInt32(CLNX_ROUTE_NEIGHBOUR):
            let neighbour = message.neighbour
            guard let address = IPAddress(neighbour.destination) else { return nil }
            let key = NeighbourKey(interface: neighbour.interface, address: address)
            let linkLayer = LinkLayerAddress(neighbour.address, length: Int(neighbour.address_length))
            self =
                message.deleted
                ? .gone(key) : .told(key, State(neighbour.state, hasAddress: linkLayer != nil), linkLayer)
        case UInt32(CLNX_ROUTE_ERROR):
            self = .refused(sequence: message.sequence, Errno(rawValue: -message.error))
        default:
            return nil
        }
    }
}

extension NeighbourNews.State {
    private static let goodBits =
        CLNX_NEIGHBOUR_REACHABLE | CLNX_NEIGHBOUR_DELAY | CLNX_NEIGHBOUR_PROBE | CLNX_NEIGHBOUR_NOARP
        | CLNX_NEIGHBOUR_PERMANENT

    fileprivate init(_ bits: UInt16, hasAddress: Bool) {
        let bits = Int(bits)
        if bits & CLNX_NEIGHBOUR_FAILED != 0 {
            self = .failed
        } else if hasAddress, bits & Self.goodBits != 0 {
            self = .valid
        } else {
            self = hasAddress && bits & CLNX_NEIGHBOUR_STALE != 0 ? .stale : .unknown
        }
    }
}
