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
    public let kstats: KstatRegistry

    /// An instance that has a number, from before its protocols appear until they are gone.
    struct Entry {
        let instance: Instance
        /// In the order in which they are called.
        var clones: [ModuleClone]
        /// No module is added any more.
        var isShuttingDown = false
        /// Its number leads nowhere any more.
        var isForgotten = false
    }

    struct State {
        /// Newest first (R118).
        var entries: [Entry] = []
        /// In the order in which they were registered.
        var modules: [ModuleClone.Registration] = []
        var numbers: [String: NetID] = ["global": .global]
        /// Numbers of instances that are being made.
        var reserved: Set<NetID> = []

        func entry(_ netid: NetID) -> Entry? {
            entries.first { $0.instance.netid == netid }
        }

        func index(of instance: Instance) -> Int? {
            entries.firstIndex { $0.instance === instance }
        }
    }

    /// Held for moments; nothing is called under it.
    let state = Mutex(State())

    /// Makes an empty set of instances.
    ///
    /// - Parameters:
    ///   - readers: threads that may run hooks at the same time.
    ///   - maximumKstats: kstats that there can be at a time; one more fails with `ENOMEM`.
    public init(readers: Int, maximumKstats: Int = 1 << 20) {
        publication = Publication(readers: readers)
        kstats = KstatRegistry(limit: maximumKstats)
    }

    /// The live instances, oldest number first.
    ///
    /// From just before the first module is told that it comes until just before the first one is told to destroy (R24).
    public var instances: [Instance] {
        state.withLock { state in
            state.entries.filter { !$0.isForgotten }.map(\.instance).sorted { $0.netid < $1.netid }
        }
    }

    /// The live instance of that number.
    public func instance(_ netid: NetID) -> Instance? {
        state.withLock { state in
            guard let entry = state.entry(netid), !entry.isForgotten else { return nil }
            return entry.instance
        }
    }

    /// The live instance of that name.
    public func instance(named name: String) -> Instance? {
        instances.first { $0.name == name }
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
}
