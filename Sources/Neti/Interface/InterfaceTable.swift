// SPDX-License-Identifier: Apache-2.0

public import Hooks
import Packet
import Synchronization

/// The interfaces, addresses and routes of one instance, kept true by the provider.
///
/// Looking is for any thread. In a hook it takes no lock and allocates nothing, for what is looked at is never changed
/// but replaced (``Published``).
public final class InterfaceTable: Sendable {
    /// Gets all interfaces each time one appears, disappears or changes.
    public typealias Observer = @Sendable ([Interface]) -> Void

    private struct State {
        var interfaces: [Interface] = []
        var observers: [Int: Observer] = [:]
        var nextObserver = 0
    }

    let interfaces: Published<InterfaceSnapshot>
    let routes: Published<RouteTable>

    /// The number by which the system knows the instance, on Linux the inode of its network namespace; 0 if unknown.
    public let zone: UInt64

    private let discovery = Atomic(true)
    private let changes = Atomic<UInt32>(0)
    private let state = Mutex(State())

    /// Makes an empty table.
    ///
    /// - Parameter publication: the readers in which hooks run that look at it.
    public init(publication: Publication = Publication(readers: 0), zone: UInt64 = 0) {
        self.zone = zone
        interfaces = Published(InterfaceSnapshot(InterfaceState()), publication: publication)
        routes = Published(RouteTable(), publication: publication)
    }

    /// The interfaces as last heard of, by index.
    public var current: [Interface] {
        interfaces.read { $0.interfaces }
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
}

// MARK: - For the provider

extension InterfaceTable {
    /// The provider's word on what interfaces and addresses there are now.
    public func update(_ newer: InterfaceState) {
        interfaces.replace(by: InterfaceSnapshot(newer))
        changes.wrappingAdd(1, ordering: .releasing)
        let list = newer.interfaces
        state.withLock { state in
            guard state.interfaces != list else { return }
            state.interfaces = list
            for observer in state.observers.values { observer(list) }
        }
    }

    /// The provider's word on what routes there are now.
    public func update(_ newer: [Route]) {
        routes.replace(by: RouteTable(newer))
    }

    /// How often interfaces and addresses have changed. Whoever reads it, looks, and finds the same number later would see the
    /// same again.
    public var generation: UInt32 { changes.load(ordering: .acquiring) }

    /// Whether the path MTU is found out for packets sent from here.
    public var isPathMTUDiscoveryEnabled: Bool {
        get { discovery.load(ordering: .relaxed) }
        set { discovery.store(newValue, ordering: .relaxed) }
    }
}

/// A table without counting references, for hooks: whoever has one keeps the table alive himself.
@safe
struct BorrowedInterfaceTable: Sendable {
    private let table: Unmanaged<InterfaceTable>

    init(_ table: InterfaceTable) {
        unsafe self.table = Unmanaged.passUnretained(table)
    }

    @inline(__always)
    func read<Result>(_ body: (InterfaceTable) -> Result) -> Result {
        unsafe table._withUnsafeGuaranteedRef(body)
    }
}
