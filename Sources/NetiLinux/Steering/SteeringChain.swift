// SPDX-License-Identifier: Apache-2.0

import Neti

/// A base chain of ours, by which an event's packets are steered.
struct SteeringChain: Hashable {
    /// An nftables table of ours.
    struct Table: Hashable, CustomStringConvertible {
        let family: NetworkFamily
        let name: String

        /// As nft(8) spells it.
        var description: String { "\(family.nftName) \(name)" }
    }

    let point: SteeringTable.Point
    let table: Table
    /// Its place among the other chains of its netfilter hook, ours and others'.
    let priority: Int32
    let name: String

    /// - Parameter isFirst: whether it is the table's first one of its event, and so named like that.
    init(point: SteeringTable.Point, table: Table, priority: Int32, isFirst: Bool) {
        self.point = point
        self.table = table
        self.priority = priority
        name = isFirst ? point.event.rawValue : "\(point.event.rawValue)/\(priority)"
    }
}
