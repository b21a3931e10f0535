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

/// The nftables tables `neti` of one namespace, one for each family, and the rules in them.
///
/// A rule exists for an event only while a hook is on it; a base chain stays once it is there, for deleting one makes
/// the kernel drop every packet that waits in any queue of the namespace. Each change is one netlink transaction.
/// Tables of others are never touched.
final class SteeringTable: Sendable {
    /// The name of our tables; nothing else in a namespace is ever changed.
    static let name = "neti"

    private let instance: String
    private let socket: Int32
    private let state: Mutex<State>

    /// An event of a family.
    struct Point: Hashable, Comparable {
        let family: NetworkFamily
        let event: NetworkEvent

        static func < (one: Point, other: Point) -> Bool {
            (one.family.rawValue, one.event.rawValue) < (other.family.rawValue, other.event.rawValue)
        }
    }

    private struct State {
        var configuration: InstanceConfiguration
        /// Families in which a dead daemon has left a table.
        var stale: Set<NetworkFamily> = []
        /// What has a base chain in a table of ours.
        var chains: Set<Point> = []
        /// What has rules.
        var steered: Set<Point> = []
        var mechanism: SteeringMechanism?
        var protection: TableProtection
        /// What rules that are gone have counted.
        var formerlySteered: UInt64 = 0
    }

    /// Opens the way to the namespace's rules.
    ///
    /// - Throws: `EBUSY` when the table belongs to a process that lives, `EEXIST` when no daemon made it.
    init(
        instance: String, in namespace: Namespace, configuration: InstanceConfiguration, broker: NamespaceBroker
    ) throws(NetiError) {
        self.instance = instance
        let socket = try broker.run(in: namespace) { () throws(NetiError) in
            let socket = clnx_nft_open()
            guard socket >= 0 else {
                throw NetiError(Errno(rawValue: -socket), "instance '\(instance)': can't reach nftables")
            }
            return socket
        }
        do throws(NetiError) {
            state = Mutex(
                State(
                    configuration: configuration,
                    stale: try Self.staleFamilies(seenFrom: socket, instance: instance),
                    protection: configuration.onExit == .open ? .owned : .persistent))
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
            let change = Change(added: points.subtracting(state.steered), removed: state.steered.subtracting(points))
            guard !change.added.isEmpty || !change.removed.isEmpty || !state.stale.isEmpty else { return }
            let ending = state.configuration.failOpen ? countSteered(change.removed) ?? 0 : 0
            try make(change, &state)
            state.formerlySteered += ending
            state.stale = []
            state.chains.formUnion(points)
            state.steered = points
        }
    }

    /// Steers to the queues of another configuration, all at once. What waits in the queues stays there.
    ///
    /// - Parameter configuration: one that an instance can change to (``InstanceConfiguration/canChange(to:)``).
    /// - Throws: what the kernel answered; nothing has changed then.
    func reconfigure(_ configuration: InstanceConfiguration) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            let before = state.configuration
            state.configuration = configuration
            let isSteeredAlike =
                before.queueNumbers == configuration.queueNumbers && before.failOpen == configuration.failOpen
            guard !isSteeredAlike, !state.steered.isEmpty else { return }
            do throws(NetiError) {
                try make(Change(added: state.steered, removed: state.steered), &state)
            } catch {
                state.configuration = before
                throw error
            }
        }
    }

    /// How many packets the rules have sent to queues so far, whether or not the queues had room for them.
    ///
    /// Only with `fail-open` is that counted: the kernel tells of no other trace of a packet for which a queue has no room.
    /// - Returns: nil when the kernel doesn't tell just now, or nothing is counted.
    func countSteered() -> UInt64? {
        state.withLock { state in
            guard state.configuration.failOpen else { return nil }
            return countSteered(state.steered).map { state.formerlySteered + $0 }
        }
    }

    private func countSteered(_ points: Set<Point>) -> UInt64? {
        var sum: UInt64 = 0
        for point in points {
            var rules = [clnx_nft_listed_rule](repeating: clnx_nft_listed_rule(), count: 4)
            let count = unsafe clnx_nft_rules(
                socket, point.family.netfilterFamily, Self.name, point.event.rawValue, &rules, UInt32(rules.count))
            guard count >= 0 else { return nil }
            sum += rules.prefix(Int(count)).reduce(0) { $0 + $1.packets }
        }
        return sum
    }

    /// Which events get rules and which lose them.
    private struct Change {
        let added: Set<Point>
        let removed: Set<Point>
    }

    /// Tries the kernel's own expression first and remembers what it took.
    private func make(_ change: Change, _ state: inout State) throws(NetiError) {
        for mechanism in state.mechanism.map({ [$0] }) ?? [.native, .compat] {
            do throws(NetiError) {
                try makeProtected(change, mechanism, &state)
                if !change.added.isEmpty { state.mechanism = mechanism }
                return
            } catch {
                guard state.mechanism == nil, error.errno == .noSuchFileOrDirectory else { throw error }
            }
        }
        throw NetiError(
            .notSupported,
            "instance '\(instance)': the kernel has neither nftables' 'queue' nor the target NFQUEUE")
    }

    /// Does without protection where the kernel can't protect a table that stays.
    private func makeProtected(
        _ change: Change, _ mechanism: SteeringMechanism, _ state: inout State
    ) throws(NetiError) {
        do throws(NetiError) {
            try commit(try transaction(for: change, mechanism, state))
        } catch {
            guard error.errno == .notSupported, state.protection == .persistent, state.chains.isEmpty else {
                throw error
            }
            state.protection = .none
            try commit(try transaction(for: change, mechanism, state))
        }
    }

    private func transaction(
        for change: Change, _ mechanism: SteeringMechanism, _ state: State
    ) throws(NetiError) -> SteeringTransaction {
        let transaction = try SteeringTransaction()
        for family in state.stale { try transaction.deleteTable(family) }
        for point in change.removed { try transaction.flush(point) }
        var families = Set(state.chains.map(\.family))
        for point in change.added.sorted() {
            if families.insert(point.family).inserted { try transaction.addTable(point.family, state.protection) }
            if !state.chains.contains(point) {
                try transaction.addChain(point, priority: state.configuration.priority(of: point.event))
            }
            for rule in SteeringRule.rules(for: point.event, state.configuration) {
                try transaction.add(rule, point, mechanism, state.configuration)
            }
        }
        return transaction
    }

    private func commit(_ transaction: borrowing SteeringTransaction) throws(NetiError) {
        let code = transaction.commit(on: socket)
        guard code == 0 else {
            let error = Errno(rawValue: -code)
            throw NetiError(
                error,
                error == .notPermitted
                    ? "instance '\(instance)': the kernel refuses the steering rules; another process owns the table "
                        + "'\(Self.name)', or CAP_NET_ADMIN is missing"
                    : "instance '\(instance)': the kernel refuses the steering rules")
        }
    }

    /// The families whose table is a dead daemon's. Anybody else's is not ours to replace.
    private static func staleFamilies(
        seenFrom socket: Int32, instance: String
    ) throws(NetiError) -> Set<NetworkFamily> {
        var stale: Set<NetworkFamily> = []
        for family in NetworkFamily.ip {
            switch try TableOwner.find(family, seenFrom: socket) {
            case .absent:
                break
            case .stranger:
                throw NetiError(
                    .fileExists,
                    "instance '\(instance)': there is a table '\(family.nftName) \(name)' in this namespace that no "
                        + "daemon made; delete or rename it")
            case .daemon(let owner) where owner.isAlive:
                throw NetiError(
                    .resourceBusy, "instance '\(instance)': process \(owner.process) filters this namespace already")
            case .daemon:
                stale.insert(family)
            }
        }
        return stale
    }
}
