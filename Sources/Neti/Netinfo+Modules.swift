// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage

// Modules that are told of every instance (§5 of the rules).
extension Netinfo {
    /// Registers a module (`net_instance_register`, R16, R118 to R120).
    ///
    /// Before this returns, its `create` is called for each instance that is there, newest first; instances that are
    /// shutting down are passed over. May be called from inside a callback of another module.
    /// - Throws: `EEXIST` when a module of that name is registered.
    public func register(_ module: InstanceModule) throws(NetiError) {
        let clones = try state.withLock { state throws(NetiError) in
            guard !state.modules.contains(where: { $0.module.name == module.name }) else {
                throw NetiError(.fileExists, "module '\(module.name)' is registered already")
            }
            let registration = ModuleClone.Registration(module)
            state.modules.append(registration)
            var clones: [ModuleClone] = []
            for index in state.entries.indices where !state.entries[index].isShuttingDown {
                let clone = ModuleClone(registration, on: state.entries[index].instance.netid)
                // In front, so that an instance's end calls the module first that came last (R122).
                state.entries[index].clones.insert(clone, at: 0)
                clones.append(clone)
            }
            return clones
        }
        for clone in clones { inTurn(of: clone) { clone.create() } }
    }

    /// Takes a module off (`net_instance_unregister`, R17, R18, R123).
    ///
    /// Its `shutdown` is called for each instance, newest first, and when that is done for all of them its `destroy`;
    /// what an instance's own end has called already isn't called again (R112). The name is free as soon as this has
    /// begun. When it returns no callback of the module is running and none will.
    /// - Throws: `ESRCH` when no module of that name is registered; `EDEADLK` from inside a callback of that module, and
    ///   wherever else it would wait for itself (R116). Nothing has changed then.
    public func unregister(named name: String) throws(NetiError) {
        var held: [ModuleClone] = []
        defer { for clone in held { clone.turn.end() } }
        // All turns at first: until the last one is there, there is a way back.
        while let clone = try nextClone(ofModule: name, notIn: held) {
            do throws(HookError) {
                try clone.turn.begin()
            } catch {
                throw NetiError(error)
            }
            held.append(clone)
        }
        let clones = state.withLock { state in
            state.entries.flatMap(\.clones).filter { clone in held.contains { $0 === clone } }
        }
        for clone in clones { clone.shutDown() }
        for clone in clones { clone.destroy() }
        state.withLock { state in
            for index in state.entries.indices {
                state.entries[index].clones.removeAll { clone in held.contains { $0 === clone } }
            }
        }
    }

    /// The next clone of a module whose turn is to be taken. When there is none the module is off the list.
    private func nextClone(ofModule name: String, notIn held: [ModuleClone]) throws(NetiError) -> ModuleClone? {
        try state.withLock { state throws(NetiError) in
            guard let index = state.modules.firstIndex(where: { $0.module.name == name }) else {
                throw NetiError(.noSuchProcess, "no module '\(name)' is registered")
            }
            let registration = state.modules[index]
            let next = state.entries.lazy.flatMap(\.clones).first { clone in
                clone.registration === registration && !held.contains { $0 === clone }
            }
            if next == nil { state.modules.remove(at: index) }
            return next
        }
    }
}
