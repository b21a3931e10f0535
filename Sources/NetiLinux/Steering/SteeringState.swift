// SPDX-License-Identifier: Apache-2.0

import Neti

/// What is known of an instance's steering: tables, chains and rules of ours in its namespace.
struct SteeringState {
    var configuration: InstanceConfiguration
    /// What a dead daemon has left.
    var stale: Set<SteeringChain.Table> = []
    /// Tables of ours.
    var tables: Set<SteeringChain.Table> = []
    /// Which `on-exit` each of the names is for.
    var onExits: [InstanceConfiguration.OnExit] = []
    /// Base chains in them.
    var chains: Set<SteeringChain> = []
    /// What has rules, and where.
    var places: [SteeringTable.Point: SteeringChain] = [:]
    /// Where rules are that should be gone, but the kernel refused to take them out.
    var littered: Set<SteeringChain> = []
    var mechanism: SteeringMechanism?
    /// Whether the kernel protects tables that stay when the process ends (Linux 6.9).
    var canPersist = true
    /// What rules that are gone have counted.
    var formerlySteered: UInt64 = 0

    /// Which chains lose their rules, and which get those of the configuration.
    struct Change {
        let emptied: [SteeringChain]
        let filled: [SteeringChain]
    }

    /// Where an event's rules belong by the configuration.
    mutating func place(of point: SteeringTable.Point) -> SteeringChain {
        let onExit = configuration.onExit
        if tables.isEmpty { onExits = [] }
        if !onExits.contains(onExit) { onExits.append(onExit) }
        let table = SteeringChain.Table(
            family: point.family, name: SteeringTable.names[onExits.firstIndex(of: onExit) ?? 0])
        let priority = configuration.priority(of: point.event)
        let others = chains.filter { $0.table == table && $0.point == point }
        return others.first { $0.priority == priority }
            ?? SteeringChain(point: point, table: table, priority: priority, isFirst: others.isEmpty)
    }

    func onExit(of table: SteeringChain.Table) -> InstanceConfiguration.OnExit? {
        SteeringTable.names.firstIndex(of: table.name).flatMap { $0 < onExits.count ? onExits[$0] : nil }
    }

    var protection: TableProtection {
        switch configuration.onExit {
        case .open: .owned
        case .closed: canPersist ? .persistent : .none
        }
    }

    /// What brings the change about, with tables and chains that it needs.
    func transaction(
        for change: Change, _ mechanism: SteeringMechanism
    ) throws(NetiError) -> SteeringTransaction {
        let transaction = try SteeringTransaction()
        for table in stale { try transaction.deleteTable(table) }
        for chain in littered.union(change.emptied) { try transaction.flush(chain) }
        var tables = tables
        for chain in change.filled {
            if tables.insert(chain.table).inserted { try transaction.addTable(chain.table, protection) }
            if !chains.contains(chain) { try transaction.addChain(chain) }
            for rule in SteeringRule.rules(for: chain.point.event, configuration) {
                try transaction.add(rule, chain, mechanism, configuration)
            }
        }
        return transaction
    }
}
