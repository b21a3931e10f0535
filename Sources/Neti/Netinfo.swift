// SPDX-License-Identifier: Apache-2.0

public import Hooks
public import Kstat
import Synchronization
import SystemPackage

/// The instances of one daemon and what they share (the original's `neti` layer).
///
/// All methods may be called from any thread but not from inside a hook, except where a method says otherwise.
public final class Netinfo: Sendable {
    /// Through which chains reach the pumps.
    public let publication: Publication

    /// The kernel-statistics objects of all instances.
    public let kstats = KstatRegistry(limit: Netinfo.kstatLimit)

    private static let kstatLimit = 1 << 20

    private struct State {
        var live: [NetID: Instance] = [:]
        var numbers: [String: NetID] = ["global": .global]
    }

    private let state = Mutex(State())

    /// Makes an empty set of instances.
    ///
    /// - Parameter readers: threads that may run hooks at the same time.
    public init(readers: Int) {
        publication = Publication(readers: readers)
    }

    /// The live instances, oldest number first.
    public var instances: [Instance] {
        state.withLock { $0.live.values.sorted { $0.netid < $1.netid } }
    }

    /// The live instance of that number.
    public func instance(_ netid: NetID) -> Instance? {
        state.withLock { $0.live[netid] }
    }

    /// The live instance of that name.
    public func instance(named name: String) -> Instance? {
        state.withLock { state in state.live.values.first { $0.name == name } }
    }

    /// The number that belongs to a name: 0 for `global`, else the one it had before or the next free one.
    public func netid(forName name: String) -> NetID {
        state.withLock { state in
            if let known = state.numbers[name] { return known }
            let next = NetID(rawValue: Int32(clamping: state.numbers.count))
            state.numbers[name] = next
            return next
        }
    }

    /// Brings an instance to life with its protocols and events.
    ///
    /// - Throws: `EEXIST` when one of that name is alive.
    public func addInstance(named name: String, settings: Instance.Settings) throws(NetiError) -> Instance {
        let netid = netid(forName: name)
        // Looked and added under one lock: two threads may want the same name.
        return try state.withLock { state throws(NetiError) in
            guard state.live[netid] == nil else {
                throw NetiError(.fileExists, "instance '\(name)' exists")
            }
            let instance = Instance(netid: netid, name: name, settings: settings, netinfo: self)
            state.live[netid] = instance
            return instance
        }
    }

    /// Lets an instance shut down: no hook can be registered there any more (R125); unregistering goes on working.
    public func shutDown(_ instance: Instance) {
        instance.condemn()
    }

    /// Forgets an instance, which shuts down if it hasn't yet. Its name keeps its number.
    public func removeInstance(_ instance: Instance) {
        instance.condemn()
        instance.retire()
        state.withLock { state in
            if state.live[instance.netid] === instance { state.live[instance.netid] = nil }
        }
    }
}
