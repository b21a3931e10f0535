// SPDX-License-Identifier: Apache-2.0

import Hooks
public import Packet

/// The IPv4 broadcast addresses of one interface's networks, at one moment: a plain value without references.
public struct BroadcastAddresses: Sendable {
    private static let capacity = 16

    @usableFromInline
    var addresses = InlineArray<16, UInt32>(repeating: 0)
    @usableFromInline
    var count = 0

    /// One of none.
    init() {}

    /// Adds those of an address; where there is no room any more they are left out.
    mutating func add(_ address: InterfaceAddress) {
        if let given = address.broadcast { add(given.v4) }
        if let last = address.networkBroadcast { add(last.v4) }
    }

    private mutating func add(_ address: UInt32) {
        guard !contains(address), count < Self.capacity else { return }
        addresses[count] = address
        count += 1
    }

    /// Whether packets to an address are for everybody in one of the networks.
    @inlinable
    public func contains(_ address: IPAddress) -> Bool {
        address.version == .v4 && contains(address.v4)
    }

    @inlinable
    @inline(__always)
    func contains(_ address: UInt32) -> Bool {
        // Indexing the array itself copies all of it each time.
        let addresses = addresses.span
        var place = 0
        while place < count {
            if addresses[place] == address { return true }
            place &+= 1
        }
        return false
    }
}

extension InterfaceTable {
    /// The broadcast addresses of an interface's networks; of the first eight networks at least.
    ///
    /// For any thread; in a hook it takes no lock and allocates nothing.
    public func broadcastAddresses(of interface: UInt32) -> BroadcastAddresses {
        interfaces.read { $0.broadcastAddresses(of: interface) }
    }
}
