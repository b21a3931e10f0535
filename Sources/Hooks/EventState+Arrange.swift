// SPDX-License-Identifier: Apache-2.0

import SystemPackage

// Many hooks at once: HookEvent+Arrange.swift.
extension EventState where Data: ~Copyable {
    /// What an arrangement is about to do.
    struct Rearrangement {
        let records: [HookRecord<Data>]
        let rules: ChainRules
        let lastRegistration: UInt64
        /// New names, in the order in which they were asked for.
        let coming: [String]
        /// Names of hooks that go, those whose name another one takes included.
        let going: [String]
        /// Those among ``going``.
        let replaced: Set<String>
        /// Whether the chain becomes another one.
        let isChange: Bool
    }

    /// Finds the order in which these hooks stand, as if they were registered one after the other where the first of them
    /// was registered; hints hold as far as `rules` say.
    func rearrangement(
        _ places: [HookPlace<Data>], removing: Set<String>, rules: ChainRules?
    ) throws(HookError) -> Rearrangement {
        let rules = rules ?? self.rules
        let (earlier, later) = others(than: places, removing: removing)
        var list = earlier
        var last = lastRegistration
        for place in places {
            let newcomer = try record(for: place, &last)
            if (list + later).contains(where: { $0.hook.name == place.name }) {
                throw HookError(.fileExists, "hook \(place.name) is registered already")
            }
            let order = try ChainOrder.inserting(newcomer.member, into: list.map(\.member), ordering: rules.ordering)
            if list.count + later.count >= rules.limit {
                throw HookError(.noMemory, "hook \(place.name): the event has its limit of \(rules.limit) hooks")
            }
            let all = list + [newcomer]
            list = order.map { all[$0] }
        }
        list = try settled(list + later, ordering: rules.ordering)
        let stays = Set(list.map(\.registration))
        let going = records.filter { !stays.contains($0.registration) }.map(\.hook.name)
        let new = places.filter(\.isNew).map(\.name)
        return Rearrangement(
            records: list, rules: rules, lastRegistration: last, coming: new.filter { !going.contains($0) },
            going: going,
            replaced: Set(going).intersection(new), isChange: list.map(\.registration) != records.map(\.registration))
    }

    /// The hooks that nobody mentions: those that were there before the first of the others, or that hints are about, and
    /// those that came later.
    private func others(
        than places: [HookPlace<Data>], removing: Set<String>
    ) -> (earlier: [HookRecord<Data>], later: [HookRecord<Data>]) {
        let mentioned = removing.union(places.map(\.name))
        let first = records.filter { mentioned.contains($0.hook.name) }.map(\.registration).min() ?? .max
        let targets = Set(places.compactMap(\.hint.target))
        let others = records.filter { !mentioned.contains($0.hook.name) }
        func isLater(_ record: HookRecord<Data>) -> Bool {
            record.registration > first && !targets.contains(record.hook.name)
        }
        return (others.filter { !isLater($0) }, others.filter(isLater))
    }

    private func settled(_ list: [HookRecord<Data>], ordering: Ordering) throws(HookError) -> [HookRecord<Data>] {
        guard ordering == .documented, !list.isEmpty else { return list }
        return try ChainOrder.settled(list.map(\.member)).map { list[$0] }
    }

    private func record(for place: HookPlace<Data>, _ last: inout UInt64) throws(HookError) -> HookRecord<Data> {
        switch place {
        case .registered(let name, let hint):
            guard var record = records.first(where: { $0.hook.name == name }) else {
                throw HookError(.noSuchAddressOrDevice, "no hook \(name) on this event")
            }
            record.hook = Hook(
                name: name, version: record.hook.version, flags: record.hook.flags, hint: hint,
                policy: record.hook.policy, function: record.hook.function)
            return record
        case .new(let hook):
            if phase != .live {
                throw HookError(.socketShutdown, "hook \(hook.name): the event was shut down")
            }
            last += 1
            return HookRecord(hook: hook, registration: last)
        }
    }

    /// Does what was found out by ``rearrangement(_:removing:rules:)``, with no other change in between. The caller
    /// publishes.
    ///
    /// - Returns: what undoes it.
    mutating func apply(_ rearrangement: Rearrangement) -> Rearrangement {
        let undo = Rearrangement(
            records: records, rules: rules, lastRegistration: lastRegistration, coming: [], going: [], replaced: [],
            isChange: true)
        records = rearrangement.records
        lastRegistration = rearrangement.lastRegistration
        (ordering, limit) = (rearrangement.rules.ordering, rearrangement.rules.limit)
        if rearrangement.isChange { renumber() }
        return undo
    }

    private var rules: ChainRules { ChainRules(ordering: ordering, limit: limit) }
}
