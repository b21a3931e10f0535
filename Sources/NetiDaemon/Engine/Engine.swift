// SPDX-License-Identifier: Apache-2.0

import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

/// Keeps the instances that the configuration asks for in step with the namespaces that exist.
///
/// Looks once at the start and again, on the provider's watch thread, whenever a name comes or goes in the folder of
/// namespaces.
final class Engine: Sendable {
    /// An instance as an administrator sees it.
    struct Entry: Sendable {
        /// Where it stands.
        enum State: Sendable {
            /// Its namespace isn't there yet.
            case waiting
            case up(RunningInstance)
            /// Its namespace was there once.
            case gone
            case failed(NetiError)
        }

        var netid: NetID
        var name: String
        var namespace: Namespace
        var configuration: Configuration.Instance
        var state: State
    }

    let provider: LinuxProvider
    let configuration: Configuration

    private let kstatStore: KstatStore
    private let modules: [any HookModule.Type]
    private let directory: NamespaceDirectory
    private let logger: Logger
    private let table = Mutex(Table())

    private struct Table {
        var entries: [String: Entry] = [:]
        var identities: [String: NamespaceIdentity] = [:]
        /// Namespaces without an instance because another one has the name.
        var collisions: Set<Namespace> = []
        var isStopping = false
    }

    init(configuration: Configuration, modules: [any HookModule.Type], logger: Logger) throws(NetiError) {
        self.configuration = configuration
        self.modules = modules
        self.logger = logger
        directory = try NamespaceDirectory(configuration.daemon.netnsDirectory)
        kstatStore = KstatStore(directory: configuration.daemon.stateDirectory, logger: logger)
        provider = try LinuxProvider(
            pumps: configuration.daemon.pumps, nap: Int64(configuration.daemon.nap) * 1000)
    }

    /// Brings everything up that can be up now.
    ///
    /// - Throws: what kept an instance from coming up though its namespace is there; everything is down again then.
    func start() throws(NetiError) {
        let failure = table.withLock { table in
            var failure: NetiError?
            var own = Configuration.Instance(name: "global", netns: .own)
            own.isConfigured = false
            failure = bringUp(
                "global", in: .own, configuration.instances.first { $0.netns == .own } ?? own, &table)
            for instance in configuration.instances {
                guard case .named(let netns) = instance.netns else { continue }
                note(instance.name ?? netns, in: path(of: netns), instance, .waiting, &table)
            }
            return bringUpNew(directory.settledContents(), &table) ?? failure
        }
        if let failure {
            stop()
            throw failure
        }
        provider.watch(directory) { [weak self] in self?.look() }
        // What changed between the first look and the watching would otherwise go unnoticed.
        look()
        for entry in entries {
            if case .waiting = entry.state {
                logger.warning("instance '\(entry.name)' waits for its namespace \(entry.namespace)")
            }
        }
    }

    /// Takes everything down.
    func stop() {
        let running = table.withLock { table in
            table.isStopping = true
            return table.entries.values.compactMap(\.running)
        }
        for instance in running.sorted(by: { $0.instance.netid > $1.instance.netid }) {
            instance.takeDown()
            let onExit = instance.configuration.queueing.onExit
            logger.notice(
                "instance '\(instance.instance.name)' is down; \(onExit.consequence)",
                metadata: ["netid": "\(instance.instance.netid)", "namespace": "\(instance.namespace)"])
        }
        provider.stop()
        saveState()
    }

    /// Writes what has changed of what outlives the daemon.
    func saveState() {
        kstatStore.save(provider.netinfo.kstats)
    }

    /// All instances, by number.
    var entries: [Entry] {
        table.withLock { $0.entries.values.sorted { $0.netid < $1.netid } }
    }

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

    // MARK: - Namespaces that come and go

    /// Brings instances in step with the namespaces of now. Called when names may have changed, and now and then: the
    /// mounting of a namespace on its file gives no sign.
    func look() {
        let contents = directory.settledContents()
        // Outside the lock, for it waits for hooks that run; and before a new namespace of the same name comes up.
        for running in table.withLock({ loseVanished(contents, &$0) }) { running.takeDown() }
        _ = table.withLock { bringUpNew(contents, &$0) }
    }

    /// Marks instances whose namespace is gone, or another one by now, and returns those that have to be taken down.
    private func loseVanished(_ contents: NamespaceDirectory.Contents, _ table: inout Table) -> [RunningInstance] {
        guard !table.isStopping else { return [] }
        var vanished: [RunningInstance] = []
        for (name, entry) in table.entries {
            guard case .path(let path) = entry.namespace, entry.isUpOrFailed else { continue }
            let netns = String(path.dropFirst(directory.path.utf8.count + 1))
            guard contents.namespaces[netns] != table.identities[name] else { continue }
            if let running = entry.running { vanished.append(running) }
            table.identities[name] = nil
            table.entries[name]?.state = .gone
            logger.notice("instance '\(name)': its namespace \(entry.namespace) is gone")
        }
        return vanished
    }

    /// Returns the first failure to bring up an instance.
    private func bringUpNew(_ contents: NamespaceDirectory.Contents, _ table: inout Table) -> NetiError? {
        guard !table.isStopping else { return nil }
        var failure: NetiError?
        for (netns, identity) in contents.namespaces.sorted(by: { $0.key < $1.key }) {
            guard let instance = configuration.instances.first(where: { $0.netns.contains(netns) }) else { continue }
            let name = instance.name ?? netns
            if let entry = table.entries[name], entry.isUpOrFailed {
                failure = collision(name, entry, with: path(of: netns), &table) ?? failure
                continue
            }
            table.identities[name] = identity
            failure = bringUp(name, in: path(of: netns), instance, &table) ?? failure
        }
        return failure
    }

    /// A namespace that a glob names like another instance: it has no hooks, which nobody should believe it has.
    ///
    /// Returns the error when it is told for the first time.
    private func collision(
        _ name: String, _ entry: Entry, with namespace: Namespace, _ table: inout Table
    ) -> NetiError? {
        guard entry.namespace != namespace, table.collisions.insert(namespace).inserted else { return nil }
        let error = NetiError(
            .fileExists, "no instance for \(namespace): '\(name)' is the one for \(entry.namespace)")
        logger.error("\(error)")
        return error
    }

    private func bringUp(
        _ name: String, in namespace: Namespace, _ configuration: Configuration.Instance, _ table: inout Table
    ) -> NetiError? {
        kstatStore.restore(
            ipInstance: name, netid: provider.netinfo.netid(forName: name), to: provider.netinfo.kstats)
        do throws(NetiError) {
            let running = try RunningInstance(
                named: name, in: namespace, configuration: configuration, provider: provider, modules: modules,
                pumps: self.configuration.daemon.pumps)
            note(name, in: namespace, configuration, .up(running), &table)
            let policy = configuration.queueing.onExit.consequence
            let count = configuration.hooks.count
            logger.info(
                "instance '\(name)' is up with \(count) hook\(count == 1 ? "" : "s"); without the daemon \(policy)",
                metadata: ["netid": "\(running.instance.netid)", "namespace": "\(namespace)"])
            return nil
        } catch {
            note(name, in: namespace, configuration, .failed(error), &table)
            logger.error("instance '\(name)' can't come up: \(error)")
            return error
        }
    }

    private func note(
        _ name: String, in namespace: Namespace, _ configuration: Configuration.Instance, _ state: Entry.State,
        _ table: inout Table
    ) {
        table.entries[name] = Entry(
            netid: provider.netinfo.netid(forName: name), name: name, namespace: namespace,
            configuration: configuration, state: state)
    }

    private func path(of netns: String) -> Namespace {
        .path("\(directory.path)/\(netns)")
    }
}

extension Engine.Entry {
    /// The instance, when it is up.
    var running: RunningInstance? {
        if case .up(let running) = state { running } else { nil }
    }

    /// Whether its namespace was there at the last look.
    fileprivate var isUpOrFailed: Bool {
        switch state {
        case .up, .failed: true
        case .waiting, .gone: false
        }
    }
}

extension InstanceConfiguration.OnExit {
    /// What becomes of packets without the daemon, for a person.
    fileprivate var consequence: String {
        switch self {
        case .open: "packets pass"
        case .closed: "packets stop"
        }
    }
}
