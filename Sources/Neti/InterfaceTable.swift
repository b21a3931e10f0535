// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A network interface as the kernel names it.
public struct Interface: Hashable, Sendable {
    /// The kernel's index (`phy_if_t`), above 0, unique in its namespace (R54).
    public let index: UInt32

    /// The name, at most 15 bytes.
    public let name: String

    /// Pairs index and name.
    public init(index: UInt32, name: String) {
        self.index = index
        self.name = name
    }
}

/// The interfaces of one instance, kept true by the provider.
public final class InterfaceTable: Sendable {
    /// Gets all interfaces each time one appears, disappears or is renamed.
    public typealias Observer = @Sendable ([Interface]) -> Void

    private struct State {
        var interfaces: [Interface] = []
        var observers: [Int: Observer] = [:]
        var nextObserver = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The interfaces as last heard of, by index.
    public var current: [Interface] {
        state.withLock { $0.interfaces }
    }

    /// Calls the observer with the interfaces of now, then again after every change, until it is removed.
    ///
    /// Called on the provider's watching thread, one call at a time, under the table's lock: keep it short, and don't
    /// call back into the table.
    /// - Returns: what ``removeObserver(_:)`` wants.
    public func addObserver(_ observer: @escaping Observer) -> Int {
        state.withLock { state in
            let number = state.nextObserver
            state.nextObserver += 1
            state.observers[number] = observer
            observer(state.interfaces)
            return number
        }
    }

    /// Ends the calls to an observer; none is running when this returns.
    public func removeObserver(_ number: Int) {
        state.withLock { _ = $0.observers.removeValue(forKey: number) }
    }

    /// The provider's word on what there is now.
    public func update(_ interfaces: [Interface]) {
        let sorted = interfaces.sorted { $0.index < $1.index }
        state.withLock { state in
            guard state.interfaces != sorted else { return }
            state.interfaces = sorted
            for observer in state.observers.values { observer(sorted) }
        }
    }
}
