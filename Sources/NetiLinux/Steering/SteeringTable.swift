// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import Synchronization
import SystemPackage

/// How a kernel is told to queue packets.
public enum SteeringMechanism: String, Sendable {
    /// nftables' own `queue` expression.
    case native
    /// The `NFQUEUE` target of xtables inside an nftables rule, for kernels without that expression.
    case compat
}

/// The nftables tables of one namespace that are ours, one for each family, and the rules in them.
///
/// A rule exists for an event only while a hook is on it; a base chain stays once it is there, for deleting one makes
/// the kernel drop every packet that waits in any queue of the namespace. Each change of hooks is one netlink transaction.
/// Tables of others are never touched.
///
/// Neither a chain's priority nor a table's flags, on which `on-exit` rests, can be changed. For another priority there is
/// another chain, for another `on-exit` another table, and the rules move there (``reconfigure(_:)``); what they have left
/// stays, empty, and is used again on the way back.
final class SteeringTable: Sendable {
    /// The names that our tables may have, in the order in which they are used: the second one is for an `on-exit` that was
    /// changed. Nothing else in a namespace is ever changed.
    static let names = ["neti", "neti-2"]

    private let instance: String
    private let socket: Int32
    private let passing: PassingPackets
    private let state: Mutex<SteeringState>

    /// An event of a family.
    struct Point: Hashable, Comparable {
        let family: NetworkFamily
        let event: NetworkEvent

        static func < (one: Point, other: Point) -> Bool {
            (one.family.rawValue, one.event.rawValue) < (other.family.rawValue, other.event.rawValue)
        }
    }

    /// Opens the way to the namespace's rules.
    ///
    /// - Parameter passing: the packets on their way.
    /// - Throws: `EBUSY` when the table belongs to a process that lives, `EEXIST` when no daemon made it.
    init(
        instance: String, in namespace: Namespace, configuration: InstanceConfiguration, broker: NamespaceBroker,
        passing: PassingPackets
    ) throws(NetiError) {
        self.instance = instance
        self.passing = passing
        let socket = try broker.run(in: namespace) { () throws(NetiError) in
            let socket = clnx_nft_open()
            guard socket >= 0 else {
                throw NetiError(Errno(rawValue: -socket), "instance '\(instance)': can't reach nftables")
            }
            return socket
        }
        do throws(NetiError) {
            state = Mutex(
                SteeringState(
                    configuration: configuration,
                    stale: try TableOwner.staleTables(seenFrom: socket, instance: instance)))
        } catch {
            close(socket)
            throw error
        }
        self.socket = socket
    }

    deinit {
        close(socket)
    }

    /// How the kernel was told; nil before the first rule.
    var mechanism: SteeringMechanism? {
        state.withLock { $0.mechanism }
    }

    /// Makes these and no others the events that have rules, all at once, in place of whatever a dead daemon has left.
    ///
    /// What waits in the queues stays there.
    /// - Throws: what the kernel answered; nothing has changed then.
    func steer(_ points: Set<Point>) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            let removed = state.places.filter { !points.contains($0.key) }
            let added = points.subtracting(state.places.keys).sorted()
            guard !added.isEmpty || !removed.isEmpty || !state.stale.isEmpty else { return }
            let ending = state.configuration.failOpen ? countSteered(removed.values) ?? 0 : 0
            var next = state
            let places = added.map { next.place(of: $0) }
            try commit(SteeringState.Change(emptied: Array(removed.values), filled: places), &next)
            next.formerlySteered += ending
            for point in removed.keys { next.places[point] = nil }
            for place in places { next.places[place.point] = place }
            state = next
        }
    }

    /// Steers by another configuration, while packets flow: none that flows passes unseen, and what waits in the queues
    /// stays there.
    ///
    /// Where rules stay in their chains one transaction replaces all of them. Where they go to other chains the new ones
    /// come first, and the old ones go when no packet is on its way any more that may not have met them: in between, for
    /// 10 to 20 ms, packets are queued at both places.
    ///
    /// What doesn't flow is missed where rules move to an earlier place: a packet that waits between the two, in another
    /// program's queue or for the rest of its fragments (`NF_IP_PRI_CONNTRACK_DEFRAG`, -400), has passed the one before
    /// there were rules and reaches the other when there are none.
    /// - Throws: what the kernel answered; everything is steered as before then.
    func reconfigure(_ configuration: InstanceConfiguration) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            var next = state
            next.configuration = configuration
            let places = state.places.keys.sorted().map { next.place(of: $0) }
            let moved = places.filter { !state.places.values.contains($0) }
            let isSteeredAlike =
                state.configuration.queueNumbers == configuration.queueNumbers
                && state.configuration.failOpen == configuration.failOpen
            guard !moved.isEmpty || !isSteeredAlike, !places.isEmpty else {
                state = next
                return
            }
            if !moved.isEmpty {
                try commit(SteeringState.Change(emptied: [], filled: moved), &next)
                passing.wait()
            }
            do throws(NetiError) {
                let unmoved = places.filter { !moved.contains($0) }
                try commit(SteeringState.Change(emptied: Array(state.places.values), filled: unmoved), &next)
            } catch {
                throw takeBack(moved, next, &state, because: error)
            }
            for place in places { next.places[place.point] = place }
            state = next
        }
    }

    /// Takes rules out of chains to which they should have moved; returns what to tell.
    private func takeBack(
        _ moved: [SteeringChain], _ next: SteeringState, _ state: inout SteeringState, because error: NetiError
    ) -> NetiError {
        guard !moved.isEmpty else { return error }
        // Tables and chains stay, for a chain takes along what waits.
        let (configuration, places) = (state.configuration, state.places)
        state = next
        (state.configuration, state.places) = (configuration, places)
        do throws(NetiError) {
            try commit(SteeringState.Change(emptied: moved, filled: []), &state)
            return error
        } catch let second {
            state.littered.formUnion(moved)
            return NetiError(
                error.errno,
                "\(error.reason); hooks see packets twice until the next change, for new rules can't be taken out: "
                    + second.reason)
        }
    }

    /// Takes away the tables that were left for another `on-exit` and would outlive the process. What waits in queues of the
    /// namespace is dropped.
    func removeLeftTables() {
        state.withLock { state in
            let left = state.tables.filter { state.onExit(of: $0) == .closed && state.configuration.onExit == .open }
            guard !left.isEmpty, let transaction = try? SteeringTransaction() else { return }
            for table in left { try? transaction.deleteTable(table) }
            guard transaction.commit(on: socket) == 0 else { return }
            state.tables.subtract(left)
            state.chains = state.chains.filter { !left.contains($0.table) }
        }
    }

    /// How many packets the rules have sent to queues so far, whether or not the queues had room for them.
    ///
    /// Only with `fail-open` is that counted: the kernel tells of no other trace of a packet for which a queue has no room.
    /// - Returns: nil when the kernel doesn't tell just now, or nothing is counted.
    func countSteered() -> UInt64? {
        state.withLock { state in
            guard state.configuration.failOpen else { return nil }
            return countSteered(state.places.values).map { state.formerlySteered + $0 }
        }
    }

    private func countSteered(_ chains: some Sequence<SteeringChain>) -> UInt64? {
        var sum: UInt64 = 0
        for chain in chains {
            guard let packets = countSteered(chain) else { return nil }
            sum += packets
        }
        return sum
    }

    private func countSteered(_ chain: SteeringChain) -> UInt64? {
        // Another program's change of rules interrupts a listing.
        for _ in 0..<3 {
            var rules = [clnx_nft_listed_rule](repeating: clnx_nft_listed_rule(), count: 4)
            let count = unsafe clnx_nft_rules(
                socket, chain.table.family.netfilterFamily, chain.table.name, chain.name, &rules, UInt32(rules.count))
            if count >= 0 { return rules.prefix(Int(count)).reduce(0) { $0 + $1.packets } }
            guard count == -EINTR else { return nil }
        }
        return nil
    }

    /// Makes a change, and tables and chains that it needs. Tries the kernel's own expression first and remembers what it
    /// took.
    private func commit(_ change: SteeringState.Change, _ state: inout SteeringState) throws(NetiError) {
        for mechanism in state.mechanism.map({ [$0] }) ?? [.native, .compat] {
            do throws(NetiError) {
                try commitProtected(change, mechanism, &state)
                if !change.filled.isEmpty { state.mechanism = mechanism }
                state.stale = []
                state.littered = []
                state.tables.formUnion(change.filled.map(\.table))
                state.chains.formUnion(change.filled)
                return
            } catch {
                guard state.mechanism == nil, error.errno == .noSuchFileOrDirectory else { throw error }
            }
        }
        throw NetiError(
            .notSupported,
            "instance '\(instance)': the kernel has neither nftables' 'queue' nor the target NFQUEUE"
                + (state.configuration.failOpen ? ", or not nftables' 'counter', which 'fail-open' takes" : ""))
    }

    /// Does without protection where the kernel can't protect a table that stays.
    private func commitProtected(
        _ change: SteeringState.Change, _ mechanism: SteeringMechanism, _ state: inout SteeringState
    ) throws(NetiError) {
        do throws(NetiError) {
            try commit(try state.transaction(for: change, mechanism))
        } catch {
            let makesTable = change.filled.contains { !state.tables.contains($0.table) }
            guard error.errno == .notSupported, state.configuration.onExit == .closed, state.canPersist, makesTable
            else { throw error }
            state.canPersist = false
            try commit(try state.transaction(for: change, mechanism))
        }
    }

    private func commit(_ transaction: borrowing SteeringTransaction) throws(NetiError) {
        let code = transaction.commit(on: socket)
        guard code != 0 else { return }
        let error = Errno(rawValue: -code)
        let tables = Self.names.map { "'\($0)'" }.joined(separator: " or ")
        let why =
            switch error {
            case .notPermitted: "; another process owns a table \(tables), or CAP_NET_ADMIN is missing"
            case .fileExists: "; there is a table \(tables) that this daemon didn't make"
            default: ""
            }
        throw NetiError(error, "instance '\(instance)': the kernel refuses the steering rules\(why)")
    }
}
