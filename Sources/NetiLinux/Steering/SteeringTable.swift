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

    private let configuration: InstanceConfiguration
    private let instance: String
    private let socket: Int32
    private let state = Mutex(State())

    private struct State {
        /// Families whose table is ours, with the events that have a base chain there.
        var chains: [NetworkFamily: Set<NetworkEvent>] = [:]
        /// Events that have rules.
        var steered: [NetworkFamily: Set<NetworkEvent>] = [:]
        var mechanism: SteeringMechanism?
    }

    /// Opens the way to the namespace's rules.
    ///
    /// - Throws: `EBUSY` when the table belongs to a process that lives.
    init(
        instance: String, in namespace: Namespace, configuration: InstanceConfiguration, broker: NamespaceBroker
    ) throws(NetiError) {
        self.configuration = configuration
        self.instance = instance
        socket = try broker.run(in: namespace) { () throws(NetiError) in
            let socket = clnx_nft_open()
            guard socket >= 0 else {
                throw NetiError(Errno(rawValue: -socket), "instance '\(instance)': can't reach nftables")
            }
            return socket
        }
        for family in NetworkFamily.allCases {
            guard let owner = TableOwner(of: family, seenFrom: socket), owner.isAlive else { continue }
            throw NetiError(
                .resourceBusy, "instance '\(instance)': process \(owner.process) filters this namespace already")
        }
    }

    deinit {
        close(socket)
    }

    /// How the kernel was told; nil before the first rule.
    var mechanism: SteeringMechanism? {
        state.withLock { $0.mechanism }
    }

    /// Puts the rules of an event in or takes them out; what waits in the queues stays there.
    ///
    /// - Throws: what the kernel answered; nothing has changed then.
    func setSteered(_ isSteered: Bool, family: NetworkFamily, event: NetworkEvent) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            if isSteered {
                try steer(&state, family, event)
            } else {
                guard state.steered[family]?.contains(event) == true else { return }
                let transaction = try SteeringTransaction()
                try transaction.flush(family, event)
                try commit(transaction)
            }
            if isSteered {
                state.chains[family, default: []].insert(event)
                state.steered[family, default: []].insert(event)
            } else {
                state.steered[family]?.remove(event)
            }
        }
    }

    /// Takes all rules out and leaves the chains, so that the queues run dry.
    func clear() {
        state.withLock { state in
            for (family, events) in state.steered {
                for event in events {
                    guard let transaction = try? SteeringTransaction() else { continue }
                    try? transaction.flush(family, event)
                    try? commit(transaction)
                }
            }
            state.steered = [:]
        }
    }

    /// Tries the kernel's own expression first and remembers what it took.
    private func steer(_ state: inout State, _ family: NetworkFamily, _ event: NetworkEvent) throws(NetiError) {
        for mechanism in state.mechanism.map({ [$0] }) ?? [.native, .compat] {
            let transaction = try SteeringTransaction()
            if state.chains[family] == nil {
                try transaction.replaceTable(family, onExit: configuration.onExit)
            }
            if state.chains[family]?.contains(event) != true {
                try transaction.addChain(family, event, priority: configuration.priority(of: event))
            }
            for rule in SteeringRule.rules(for: event, configuration) {
                try transaction.add(rule, family, event, mechanism, onExit: configuration.onExit)
            }
            do throws(NetiError) {
                try commit(transaction)
                state.mechanism = mechanism
                return
            } catch {
                guard mechanism == .native, error.errno == .noSuchFileOrDirectory else { throw error }
            }
        }
        throw NetiError(
            .notSupported,
            "instance '\(instance)': the kernel has neither nftables' 'queue' nor the target NFQUEUE")
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
}
