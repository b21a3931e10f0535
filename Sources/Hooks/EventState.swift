// SPDX-License-Identifier: Apache-2.0

import BasicContainers
import SystemPackage

/// How far an event has got on its way out.
enum Phase: Comparable {
    case live, shutDown, condemned
}

/// One registration as the control side knows it.
struct HookRecord<Data: ~Copyable>: Sendable {
    var hook: Hook<Data>
    let registration: UInt64
    var position = 0
    /// What chains that have been freed had counted.
    var counts = HookCounts()
    let health = HookHealth()

    var member: ChainMember { ChainMember(name: hook.name, hint: hook.hint) }
}

/// A chain that was replaced in `epoch`: free once everybody inside announced that epoch or a later one.
struct RetiredChain<Data: ~Copyable>: ~Copyable, Sendable {
    let box: ChainBox<Data>
    let epoch: UInt64
}

/// The control side of an event. Lives in a Mutex; nothing here waits, calls back or releases a closure for good.
struct EventState<Data: ~Copyable>: ~Copyable, Sendable {
    /// How hints become an order.
    var ordering: Ordering
    /// How many hooks there can be at a time.
    var limit: Int
    /// In the order in which they run.
    var records: [HookRecord<Data>] = []
    private var current: ChainBox<Data>
    /// Oldest first.
    private var retired = UniqueArray<RetiredChain<Data>>()
    var lastRegistration: UInt64 = 0
    /// What chains that have been freed had counted.
    private var runs: UInt64 = 0
    var phase = Phase.live
    var listeners = NotifyList()
    /// Hooks that have left `records` and whose going has yet to be told.
    private var departures: [Departure] = []
    var added: UInt64 = 0
    var removed: UInt64 = 0

    init(current: consuming ChainBox<Data>, ordering: Ordering, limit: Int) {
        self.current = current
        self.ordering = ordering
        self.limit = limit
    }

    // MARK: Changing the list

    /// Puts a hook in its place and renumbers (R41 rows 5 to 9, R186). The caller publishes.
    mutating func insert(_ hook: Hook<Data>) throws(HookError) {
        if phase != .live {
            throw HookError(.socketShutdown, "hook \(hook.name): the event was shut down")
        }
        if records.contains(where: { $0.hook.name == hook.name }) {
            throw HookError(.fileExists, "hook \(hook.name) is registered already")
        }
        let newcomer = HookRecord(hook: hook, registration: lastRegistration + 1)
        let order = try ChainOrder.inserting(newcomer.member, into: records.map(\.member), ordering: ordering)
        if records.count >= limit {
            throw HookError(.noMemory, "hook \(hook.name): the event has its limit of \(limit) hooks")
        }
        lastRegistration += 1
        let all = records + [newcomer]
        records = order.map { all[$0] }
        renumber()
    }

    mutating func renumber() {
        for index in records.indices {
            records[index].position = index + 1
        }
    }

    /// Takes a hook off the list; positions stay (R52, R186). The caller publishes.
    ///
    /// - Returns: whether there was one of that name.
    mutating func remove(_ name: String) -> Bool {
        guard let index = records.firstIndex(where: { $0.hook.name == name }) else { return false }
        records.remove(at: index)
        return true
    }

    // MARK: Who hears of it

    /// The turn to wait for before a hook of that name can come, nil if none is on its way out.
    func departure(of name: String) -> Turn? {
        departures.first { $0.name == name }?.turn
    }

    /// Notes that a hook has left and who must hear of it.
    mutating func beginDeparture(of name: String, turn: Turn, isReplaced: Bool = false) {
        departures.append(
            Departure(name: name, turn: turn, listeners: listeners.callbacks, isReplaced: isReplaced))
    }

    /// Who must hear that a hook has left.
    func listeners(ofDeparture turn: Turn) -> [NotifyCallback] {
        departures.first { $0.turn === turn }?.listeners ?? []
    }

    /// Everybody has heard.
    mutating func endDeparture(_ turn: Turn) {
        departures.removeAll { $0.turn === turn }
    }

    /// Takes a callback off.
    ///
    /// - Returns: the hooks that it knows of, whose going it is to hear of now.
    mutating func removeListener(_ callback: NotifyCallback) throws(HookError) -> [String] {
        try listeners.remove(callback)
        var known = records.map(\.hook.name)
        for index in departures.indices where departures[index].listeners.contains(where: { $0 === callback }) {
            departures[index].listeners.removeAll { $0 === callback }
            // Its successor, which it hasn't heard of yet, is among them by the same name.
            if !departures[index].isReplaced { known.append(departures[index].name) }
        }
        return known
    }

    /// Whether nothing hangs on the event that keeps a condemned one (R1).
    var isIdle: Bool { records.isEmpty && departures.isEmpty && listeners.isEmpty }

    // MARK: Chains

    /// Makes a chain of the present list.
    func makeChain(places: Int) -> ChainBox<Data> {
        var entries = UniqueArray<HookEntry<Data>>(minimumCapacity: records.count)
        for record in records {
            entries.append(HookEntry(record))
        }
        return ChainBox(EventChain(entries: entries, places: places))
    }

    /// Takes the place of the present chain, which was replaced in `epoch`.
    mutating func replaceCurrent(by chain: consuming ChainBox<Data>, epoch: UInt64) {
        swap(&current, &chain)
        retired.append(RetiredChain(box: chain, epoch: epoch))
    }

    /// Gives up the retired chains that nobody can be inside any more, so that the caller frees them unlocked.
    mutating func takeExpired(where isOver: (UInt64) -> Bool) -> UniqueArray<RetiredChain<Data>> {
        var expired = UniqueArray<RetiredChain<Data>>()
        while !retired.isEmpty, isOver(retired[0].epoch) {
            let chain = retired.remove(at: 0)
            runs &+= chain.box.runs
            for index in records.indices {
                records[index].counts &+= chain.box.counts(of: records[index].registration)
            }
            expired.append(chain)
        }
        return expired
    }

    // MARK: Looking

    var counters: EventCounters {
        var events = runs &+ current.runs
        for index in retired.indices {
            events &+= retired[index].box.runs
        }
        return EventCounters(added: added, removed: removed, events: events)
    }

    var descriptions: [HookDescription] {
        var descriptions: [HookDescription] = []
        for record in records {
            var counts = record.counts
            counts &+= current.counts(of: record.registration)
            for index in retired.indices {
                counts &+= retired[index].box.counts(of: record.registration)
            }
            descriptions.append(
                HookDescription(
                    name: record.hook.name, version: record.hook.version, flags: record.hook.flags,
                    hint: record.hook.hint, position: record.position, hits: counts.hits, drops: counts.drops,
                    registration: record.registration, policy: record.hook.policy,
                    trouble: record.health.trouble(counts)))
        }
        return descriptions
    }

    /// The hook that the thread of a reader's place is inside; nil if it is in none that is still registered.
    func hookInside(place: Int) -> String? {
        var registration = current.registrationInside(place: place)
        for index in retired.indices where registration == 0 {
            registration = retired[index].box.registrationInside(place: place)
        }
        return records.first { $0.registration == registration }?.hook.name
    }
}
