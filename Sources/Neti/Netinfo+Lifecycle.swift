// SPDX-License-Identifier: Apache-2.0

import Hooks
import Synchronization
import SystemPackage

// How instances come and go (§5 of the rules).
//
// A thread that makes one come or go is inside no hook and no callback, and holds nothing but the instance's `lifecycle`
// turn. Nobody who holds a turn waits for that one, so such a thread is never part of a circle of waiting threads, and
// what it has begun it can finish.
extension Netinfo {
    /// Brings an instance to life: modules are told, oldest registered first (R121), then protocols, families and events
    /// appear (R6, R124).
    ///
    /// - Parameters:
    ///   - name: under which its number is remembered.
    ///   - settings: what is fixed from now on.
    ///   - prepare: called with the instance before anybody else hears of it. What it throws is thrown on, and there is
    ///     no instance then.
    /// - Throws: `EEXIST` when one of that name is there, also on its way out; `EDEADLK` from inside a hook or a callback.
    public func addInstance(
        named name: String, settings: Instance.Settings,
        prepare: (Instance) throws(NetiError) -> Void = { _ in }
    ) throws(NetiError) -> Instance {
        try refuseInsideCallbacks("instance '\(name)' can't be made")
        let netid = netid(forName: name)
        try state.withLock { state throws(NetiError) in
            guard state.entry(netid) == nil, state.reserved.insert(netid).inserted else {
                throw NetiError(.fileExists, "instance '\(name)' exists")
            }
        }
        let instance = Instance(netid: netid, name: name, settings: settings, netinfo: self)
        do throws(NetiError) {
            try prepare(instance)
        } catch {
            state.withLock { _ = $0.reserved.remove(netid) }
            throw error
        }
        try inLifecycle(of: instance) {
            let clones = state.withLock { state in
                state.reserved.remove(netid)
                let clones = state.modules.map { ModuleClone($0, on: netid) }
                state.entries.insert(Entry(instance: instance, clones: clones), at: 0)
                return clones
            }
            for clone in clones { inTurn(of: clone) { clone.create() } }
            instance.putUp()
        }
        return instance
    }

    /// Lets an instance shut down; nothing happens the second time.
    ///
    /// Events and families are shut down and callbacks told (T3), handles condemned, then modules' `shutdown` is called in
    /// the order of their creation on the instance (R121, R122). Nothing can be registered there any more (R125);
    /// unregistering goes on working.
    /// - Throws: `EDEADLK` from inside a hook or a callback.
    public func shutDown(_ instance: Instance) throws(NetiError) {
        try refuseInsideCallbacks("instance '\(instance.name)' can't be shut down")
        try inLifecycle(of: instance) { bringToShutdown(instance) }
    }

    /// Takes an instance away, which shuts down if it hasn't yet. Its name keeps its number.
    ///
    /// Its protocols go, its number leads nowhere, modules' `destroy` is called; when this returns all of them have
    /// returned. Nothing happens the second time.
    /// - Throws: `EDEADLK` from inside a hook or a callback.
    public func removeInstance(_ instance: Instance) throws(NetiError) {
        try refuseInsideCallbacks("instance '\(instance.name)' can't be removed")
        try inLifecycle(of: instance) {
            bringToShutdown(instance)
            guard state.withLock({ $0.index(of: instance) }) != nil else { return }
            let protocols = instance.takeDown()
            let clones = state.withLock { state -> [ModuleClone] in
                guard let index = state.index(of: instance) else { return [] }
                state.entries[index].isForgotten = true
                return state.entries[index].clones
            }
            for clone in clones { inTurn(of: clone) { clone.destroy() } }
            // What nobody unregistered, the protocols of other providers included.
            for handle in protocols { handle.retireStatistics() }
            state.withLock { state in state.entries.removeAll { $0.instance === instance } }
        }
    }

    private func bringToShutdown(_ instance: Instance) {
        let isFirst = state.withLock { state in
            guard let index = state.index(of: instance), !state.entries[index].isShuttingDown else { return false }
            state.entries[index].isShuttingDown = true
            return true
        }
        guard isFirst else { return }
        instance.shutDown()
        let clones = state.withLock { state in state.index(of: instance).map { state.entries[$0].clones } ?? [] }
        for clone in clones { inTurn(of: clone) { clone.shutDown() } }
        instance.families.shutDown()
    }

    /// Refuses a thread that others may be waiting for: `EDEADLK` inside a hook or a callback.
    package func refuseInsideCallbacks(_ what: String) throws(NetiError) {
        if publication.isCallerInside || Turn.isCallerInsideCallback {
            throw NetiError(.deadlock, "\(what) from inside a hook or a callback")
        }
    }

    private func inLifecycle(of instance: Instance, _ body: () -> Void) throws(NetiError) {
        do throws(HookError) {
            try instance.lifecycle.take { body() }
        } catch {
            throw NetiError(error)
        }
    }

    /// Calls a module back. Can't be refused: a clone's callbacks don't call this for the same clone.
    func inTurn(of clone: ModuleClone, _ body: () -> Void) {
        try? clone.turn.takeSurely { body() }
    }
}
