// SPDX-License-Identifier: Apache-2.0

import Neti
import Packet

/// Interface changes in short words, and events as lines of text.
enum EventScript {
    static func link(
        _ name: String, index: UInt32 = 2, up: Bool = false, loopback: Bool = false, mtu: UInt32 = 1500,
        running: Bool = false
    ) -> InterfaceChange {
        var flags: InterfaceFlags = []
        if up { flags.insert(.up) }
        if loopback { flags.insert(.loopback) }
        if running { flags.insert(.running) }
        return .interface(Interface(index: index, name: name, flags: flags, mtu: mtu))
    }

    static func gone(_ index: UInt32 = 2) -> InterfaceChange { .interfaceGone(index) }

    static func address(_ text: String, tentative: Bool = false, peer: String? = nil, on index: UInt32 = 2)
        -> InterfaceChange
    {
        .address(make(text, tentative: tentative, peer: peer), of: index)
    }

    static func addressGone(_ text: String, peer: String? = nil, on index: UInt32 = 2) -> InterfaceChange {
        .addressGone(make(text, tentative: false, peer: peer), of: index)
    }

    static func make(_ text: String, tentative: Bool, peer: String?) -> InterfaceAddress {
        let address = IPAddress(text) ?? IPAddress(v4: 0)
        return InterfaceAddress(
            address, prefixLength: address.version == .v4 ? 24 : 64, peer: peer.flatMap { IPAddress($0) },
            flags: tentative ? .tentative : [])
    }
}

extension NICEvent {
    /// Such as `inet 2.1 LIF_UP`.
    var line: String {
        let place = logicalInterface == 0 ? "\(interface)" : "\(interface).\(logicalInterface)"
        return "\(family) \(place) \(change.words)"
    }
}

extension NICEvent.Change {
    var words: String {
        switch self {
        case .plumbed(let name): "PLUMB \(name)"
        case .unplumbed(let name): "UNPLUMB \(name)"
        case .up: "UP"
        case .down: "DOWN"
        case .addressChanged(let address): "ADDRESS_CHANGE \(address)"
        case .logicalUp: "LIF_UP"
        case .logicalDown: "LIF_DOWN"
        case .indexChanged(let index): "IFINDEX_CHANGE \(index)"
        }
    }
}
