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
    /// The `NFQUEUE` target of xtables inside an nftables rule, for kernels without the expression.
    case compat
}

/// The nftables tables `neti` of one namespace, one for each family, and the rules in them.
///
/// A rule exists for an event only while a hook is on it; a base chain stays once it is there, for deleting one makes
/// the kernel drop every packet that waits in any queue of the namespace. Each change is one netlink transaction.
/// Tables of others are never touched.
final class SteeringTable: Sendable {
    static let name = "neti"

    private let instance: String
    private let configuration: InstanceConfiguration
    private let socket: Int32
    private let state = Mutex(State())

    private struct State {
        var steered: [NetworkFamily: Set<NetworkEvent>] = [:]
        var mechanism = SteeringMechanism.native
    }

    /// Opens the way to the namespace's rules and makes sure that nobody else steers there.
    ///
    /// - Throws: `EBUSY` when a living daemon owns a table `neti` here.
    init(instance: String, configuration: InstanceConfiguration, broker: NamespaceBroker) throws(NetiError) {
        self.instance = instance
        self.configuration = configuration
        socket = try broker.run(in: configuration.namespace) { () throws(NetiError) in
            let socket = clnx_nft_open()
            guard socket >= 0 else {
                throw NetiError(Errno(rawValue: -socket), "instance '\(instance)': can't reach nftables")
            }
            return socket
        }
        for family in NetworkFamily.allCases {
            if let owner = TableOwner(socket: socket, family: family), owner.isAlive {
                close(socket)
                throw NetiError(
                    .resourceBusy,
                    "instance '\(instance)': the process \(owner.process) already filters this namespace")
            }
        }
    }

    deinit {
        close(socket)
    }

    /// How the kernel was told; nil while there is no rule.
    var mechanism: SteeringMechanism? {
        state.withLock { $0.steered.isEmpty ? nil : $0.mechanism }
    }
}
