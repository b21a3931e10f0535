// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Neti
import Synchronization

/// A module that comes and goes all the time, and the books of what it was called with.
///
/// Only what is still to come is kept, so that the books take no more memory the longer they are kept.
final class RestlessModule: Sendable {
    /// What came last for one instance in one registration.
    private enum Step {
        case creating, created, shuttingDown, shutDown, destroying
    }

    private struct Clone: Hashable {
        let round: Int
        let netid: NetID
    }

    private struct Life: Equatable {
        let value: Int
        let step: Step
    }

    /// Calls by who made them.
    struct Calls {
        /// An instance that came or went.
        var ofInstances = 0
        /// The module's registration or its end.
        var ofRegistrations = 0
    }

    private struct State {
        var lives: [Clone: Life] = [:]
        var lastValue = 0
        var registrar: pthread_t?
        var created = Calls()
        var destroyed = Calls()
        var complaints: [String] = []

        var caller: WritableKeyPath<Calls, Int> {
            registrar == pthread_self() ? \.ofRegistrations : \.ofInstances
        }

        /// The first ones tell enough.
        mutating func complain(_ complaint: String) {
            if complaints.count < 10 { complaints.append(complaint) }
        }

        mutating func step(_ clone: Clone, from before: Life?, to after: Life?) {
            if lives[clone] != before {
                complain("\(clone): \(lives[clone], default: "nothing"), not \(before, default: "nothing")")
            }
            lives[clone] = after
        }
    }

    private static let name = "restless"
    private let state = Mutex(State())
    private let isOver = Atomic(false)

    /// `create` calls that have returned.
    var created: Calls { state.withLock { $0.created } }
    /// `destroy` calls that have returned.
    var destroyed: Calls { state.withLock { $0.destroyed } }
    /// Calls that must not have been, and instances that were left when a registration had ended.
    var complaints: [String] { state.withLock { $0.complaints } }

    /// Registers and unregisters the module all the time, on a thread of its own, while `body` runs. It is unregistered
    /// when this returns, however `body` ended.
    func comeAndGo(on netinfo: Netinfo, _ body: () throws -> Void) throws {
        let registrar = try Worker { () throws(NetiError) in try self.comeAndGo(on: netinfo) }
        let outcome = Result { try body() }
        isOver.store(true, ordering: .releasing)
        try registrar.join()
        try outcome.get()
    }

    private func comeAndGo(on netinfo: Netinfo) throws(NetiError) {
        state.withLock { $0.registrar = pthread_self() }
        var round = 0
        while !isOver.load(ordering: .acquiring) {
            round += 1
            try netinfo.register(module(round))
            // An instance takes a millisecond to come: this lets some come to the module, and leaves them the processor.
            usleep(500)
            try netinfo.unregister(named: Self.name)
            state.withLock { state in
                for (clone, life) in state.lives { state.complain("\(clone): left with \(life)") }
                state.lives = [:]
            }
        }
    }

    /// The module as it is registered in one round; the other rounds know nothing of its instances.
    private func module(_ round: Int) -> InstanceModule {
        InstanceModule(
            name: Self.name,
            create: { netid in
                let clone = Clone(round: round, netid: netid)
                let value = self.state.withLock { state in
                    state.lastValue += 1
                    state.step(clone, from: nil, to: Life(value: state.lastValue, step: .creating))
                    return state.lastValue
                }
                self.linger(clone, value, .creating, .created, \.created)
                return value
            },
            shutdown: { netid, value in
                let clone = Clone(round: round, netid: netid)
                self.begin(clone, value, .created, .shuttingDown)
                self.linger(clone, value, .shuttingDown, .shutDown, nil)
            },
            destroy: { netid, value in
                let clone = Clone(round: round, netid: netid)
                self.begin(clone, value, .shutDown, .destroying)
                self.linger(clone, value, .destroying, nil, \.destroyed)
            })
    }

    private func begin(_ clone: Clone, _ value: Int, _ before: Step, _ during: Step) {
        state.withLock {
            $0.step(clone, from: Life(value: value, step: before), to: Life(value: value, step: during))
        }
    }

    /// Gives others the chance to be called meanwhile, which they must not use.
    private func linger(
        _ clone: Clone, _ value: Int, _ during: Step, _ after: Step?, _ calls: WritableKeyPath<State, Calls>?
    ) {
        sched_yield()
        state.withLock { state in
            state.step(
                clone, from: Life(value: value, step: during), to: after.map { Life(value: value, step: $0) })
            if let calls { state[keyPath: calls][keyPath: state.caller] += 1 }
        }
    }
}
