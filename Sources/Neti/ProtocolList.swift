// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage

/// The protocols of one instance.
final class ProtocolList: Sendable {
    private struct State {
        var handles: [ProtocolHandle] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Those that can be looked up: the first stays first, every later one stands right behind it (R7).
    var live: [ProtocolHandle] {
        state.withLock { $0.handles.filter { !$0.isDead } }
    }

    /// The one that can be looked up under a name.
    func handle(named name: String) -> ProtocolHandle? {
        live.first { $0.name == name }
    }

    /// Adds a protocol.
    ///
    /// - Throws: `EEXIST` for a name that can be looked up already (R25), `ESHUTDOWN` after ``close()``.
    func add(_ handle: ProtocolHandle) throws(NetiError) {
        try state.withLock { state throws(NetiError) in
            guard !state.isClosed else {
                throw NetiError(.socketShutdown, "protocol '\(handle.name)': instance \(handle.netid) is going")
            }
            guard !state.handles.contains(where: { $0.name == handle.name && !$0.isDead }) else {
                throw NetiError(.fileExists, "protocol '\(handle.name)' exists on instance \(handle.netid)")
            }
            state.handles.insert(handle, at: min(1, state.handles.count))
        }
    }

    func remove(_ handle: ProtocolHandle) {
        state.withLock { $0.handles.removeAll { $0 === handle } }
    }

    /// Condemns every protocol that is here; they stay for those who hold them.
    func condemn() {
        for handle in state.withLock({ $0.handles }) { handle.condemn() }
    }

    /// Lets go of whatever is left, which is returned, and takes nothing any more.
    func close() -> [ProtocolHandle] {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.handles = [] }
            return state.handles
        }
        for handle in left { handle.detach() }
        return left
    }
}
