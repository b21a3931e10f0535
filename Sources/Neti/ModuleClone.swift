// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization

/// One module on one instance, and which of its callbacks have run (§5.1 of the rules).
///
/// Whoever wants a step takes the turn, in which the callback runs; so no two of them overlap, each step is taken once,
/// and a thread that comes second finds it done.
final class ModuleClone: Sendable {
    private enum State {
        case new
        case created(InstanceModule.Remainder)
        case shutDown(InstanceModule.Remainder)
        case destroyed
    }

    /// One registration of a module: a name may be registered anew while the old callbacks still run (R18).
    final class Registration: Sendable {
        let module: InstanceModule

        init(_ module: InstanceModule) {
            self.module = module
        }
    }

    let registration: Registration
    let netid: NetID
    let turn = Turn()
    private let state = Mutex(State.new)

    init(_ registration: Registration, on netid: NetID) {
        self.registration = registration
        self.netid = netid
    }

    // Each of these needs the turn.

    /// Calls `create`, unless the instance or the registration began to end before it came to that: then the module
    /// never hears of the instance.
    func create() {
        guard case .new = state.withLock({ $0 }) else { return }
        let remainder = registration.module.create(netid)
        state.withLock { $0 = .created(remainder) }
    }

    func shutDown() {
        switch state.withLock({ $0 }) {
        case .new:
            state.withLock { $0 = .destroyed }
        case .created(let remainder):
            remainder.shutDown()
            state.withLock { $0 = .shutDown(remainder) }
        case .shutDown, .destroyed:
            return
        }
    }

    func destroy() {
        guard case .shutDown(let remainder) = state.withLock({ $0 }) else { return }
        remainder.destroy()
        state.withLock { $0 = .destroyed }
    }
}
