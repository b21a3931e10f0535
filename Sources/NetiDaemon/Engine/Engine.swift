// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

/// Keeps the instances that the configuration asks for in step with the namespaces that exist.
///
/// # Locking
///
/// `following` is held while instances come up and go down, one at a time and for as long as that takes. `table` is what
/// everybody reads; it is held for moments only, also within `following`.
final class Engine: Sendable {
    let provider: LinuxProvider
    let modules: [any HookModule.Type]
    let directories: NamespaceDirectories
    let logger: Logger
    /// Where changes are told.
    let hub = MonitorHub()
    let following = Mutex(Following())

    let kstatStore: KstatStore
    /// Instances that have come up, gone down or changed so far.
    let steps = Atomic(0)
    private let table: Mutex<Table>

    private struct Table {
        var configuration: Configuration
        var entries: [String: InstanceEntry] = [:]
        /// Instances that are just going.
        var ending: [RunningInstance] = []
        /// What was injected in those that are gone.
        var endedInjection = InjectionTotals()
        var isStopping = false
    }

    init(configuration: Configuration, modules: [any HookModule.Type], logger: Logger) throws(NetiError) {
        table = Mutex(Table(configuration: configuration))
        self.modules = modules
        self.logger = logger
        kstatStore = KstatStore(directory: configuration.daemon.stateDirectory, logger: logger)
        directories = try NamespaceDirectories(configuration.daemon.netnsDirectories)
        provider = try LinuxProvider(
            pumps: configuration.daemon.pumps, nap: Int64(configuration.daemon.nap) * 1000,
            maximumKstats: configuration.daemon.maxKstats
        ) {
            logger.error("\($0)")
        } observe: { [hub] event, instance in
            hub.interfaceEvent(event, in: instance)
        }
        try provider.netinfo.register(hub.notificationModule(for: provider.netinfo))
    }

    /// Brings everything up that can be up now, and follows the namespaces from then on.
    ///
    /// - Throws: what kept an instance from coming up though its namespace is there; everything is down again then.
    func start() throws(NetiError) {
        if let failure = following.withLock({ begin(&$0) }) {
            stop()
            throw failure
        }
        do throws(NetiError) {
            try provider.watch(directories) { [weak self] in self?.look(.told) }
        } catch {
            stop()
            throw error
        }
        for entry in entries where entry.isWaiting { warnOfWaiting(entry) }
    }

    /// Says of an instance that waits where it looks for its namespace.
    func warnOfWaiting(_ entry: InstanceEntry) {
        let folders = directories.paths.joined(separator: " or ")
        logger.warning(
            "instance '\(entry.name)' waits for its namespace '\(entry.namespace.lastComponent ?? "")' in \(folders)",
            metadata: ["instance": "\(entry.name)"])
    }

    /// Lets nothing come up by itself any more, and no change of configuration begin.
    func beginStopping() {
        table.withLock { $0.isStopping = true }
    }

    /// Takes everything down.
    func stop() {
        beginStopping()
        // Whoever follows the namespaces stops at the next one.
        let running = following.withLock { _ in entries.compactMap(\.running) }
        for instance in running.reversed() {
            instance.takeDown()
            progress()
            let onExit = instance.configuration.queueing.onExit
            logger.notice(
                "instance '\(instance.instance.name)' is down; \(onExit.consequence)",
                metadata: [
                    "instance": "\(instance.instance.name)", "namespace": "\(instance.namespace)",
                    "netid": "\(instance.instance.netid)",
                ])
        }
        provider.stop()
        // It isn't there when this is the second time.
        try? provider.netinfo.unregister(named: MonitorHub.notificationModuleName)
        saveState()
    }

    /// Writes what has changed of what outlives the daemon.
    func saveState() {
        kstatStore.save(provider.netinfo.kstats)
    }

    /// What is asked for now. Set only while `following` is held.
    var configuration: Configuration {
        get { table.withLock { $0.configuration } }
        set { table.withLock { $0.configuration = newValue } }
    }

    /// The same, when what a client was given to write to the file counts as saved if it is there by now.
    var settledConfiguration: Configuration {
        guard let source = configuration.source, source.isOfferTaken else { return configuration }
        return table.withLock { table in
            if table.configuration.source?.offered == source.offered { table.configuration.source?.settle() }
            return table.configuration
        }
    }

    /// All instances, by number.
    var entries: [InstanceEntry] {
        table.withLock { $0.entries.values.sorted { $0.netid < $1.netid } }
    }

    func entry(_ name: String) -> InstanceEntry? {
        table.withLock { $0.entries[name] }
    }

    /// Changes an instance's entry, if it has one.
    func update(_ name: String, _ change: (inout InstanceEntry) -> Void) {
        table.withLock { table in
            guard var entry = table.entries[name] else { return }
            change(&entry)
            store(entry, in: &table)
        }
    }

    /// Removes an instance's entry.
    func forget(_ name: String) {
        table.withLock { _ = $0.entries.removeValue(forKey: name) }
    }

    /// Makes an entry or replaces what it says, but for the names that were passed over.
    func note(
        _ name: String, in namespace: Namespace, _ configuration: Configuration.Instance, _ state: InstanceEntry.State
    ) {
        let netid = provider.netinfo.netid(forName: name)
        table.withLock { table in
            var entry = InstanceEntry(
                netid: netid, name: name, namespace: namespace, configuration: configuration, state: state)
            entry.aliases = table.entries[name]?.aliases ?? []
            entry.shadowed = table.entries[name]?.shadowed ?? []
            store(entry, in: &table)
        }
    }

    /// Every change of a state passes here, so that it is told once and in order.
    private func store(_ entry: InstanceEntry, in table: inout Table) {
        hub.instanceChanged(from: table.entries[entry.name], to: entry)
        table.entries[entry.name] = entry
    }

    /// What was injected in all instances, those that are gone included.
    var injectionTotals: InjectionTotals {
        let (ended, lists) = table.withLock { table in
            let running = table.entries.values.compactMap(\.running) + table.ending
            return (table.endedInjection, running.map(\.instance.injection))
        }
        return lists.reduce(into: ended) { $0.add($1.status) }
    }

    /// Says that an instance is gone, takes it down, and keeps what it counted.
    func end(_ name: String) {
        let running = table.withLock { table -> RunningInstance? in
            guard var entry = table.entries[name] else { return nil }
            let running = entry.running
            if let running { table.ending.append(running) }
            entry.state = .gone
            store(entry, in: &table)
            return running
        }
        guard let running else { return }
        running.takeDown()
        progress()
        table.withLock { table in
            table.ending.removeAll { $0 === running }
            table.endedInjection.add(running.instance.injection.status)
        }
    }

    /// Instances that are up or on their way down.
    var present: [Instance] {
        table.withLock { $0.entries.values.compactMap(\.running) + $0.ending }.map(\.instance)
    }

    /// Notes that one more instance has come up, gone down or changed.
    func progress() {
        steps.wrappingAdd(1, ordering: .relaxed)
    }

    var isStopping: Bool { table.withLock { $0.isStopping } }

    /// Logs what hook modules want logged.
    func passOnLogLines() {
        for running in entries.compactMap(\.running) {
            for (hook, line) in running.takeLogLines() {
                logger.notice(
                    "\(line)",
                    metadata: [
                        "hook": "\(hook)", "instance": "\(running.instance.name)", "netid": "\(running.instance.netid)",
                    ])
            }
        }
    }
}

extension InstanceConfiguration.OnExit {
    /// What becomes of packets without the daemon, for a person.
    var consequence: String {
        switch self {
        case .open: "packets pass"
        case .closed: "packets stop"
        }
    }
}
