// SPDX-License-Identifier: Apache-2.0

import Hooks
import Logging
import Neti
import NetiLinux
import Synchronization
import SystemPackage

/// One instance with the hooks that the configuration puts on it.
final class RunningInstance: Sendable {
    let instance: Instance
    let namespace: Namespace

    let provider: LinuxProvider
    let known: [any HookModule.Type]
    let pumps: Int
    let logger: Logger
    let state: Mutex<State>
    /// Held while hooks come and go, also those that are taken off because of trouble: a set that is being installed and
    /// the hooks that are there stay what they are to each other. Never held by whoever runs hooks.
    let arranging = Mutex(())

    struct State {
        var set: HookSet
        var observers: [ObjectIdentifier: Int] = [:]
        /// Of modules that have gone.
        var lastLines: [(hook: String, line: String)] = []
    }

    /// Brings the instance up and registers its hooks in the order of the configuration.
    ///
    /// - Parameters:
    ///   - earlier: hooks of an instance that was here before, whose modules go on where they can.
    ///   - isReturn: whether they go on whatever their files say now.
    /// - Throws: what the provider, a module or a registration said; nothing is left behind then.
    init(
        named name: String, in namespace: Namespace, configuration: Configuration.Instance, provider: LinuxProvider,
        modules known: [any HookModule.Type], pumps: Int, logger: Logger,
        earlier: HookSet? = nil, isReturn: Bool = false
    ) throws(NetiError) {
        instance = try provider.addInstance(
            named: name, in: namespace, configuration: configuration.queueing, ordering: configuration.ordering,
            maximumHooks: configuration.maxHooks, injection: configuration.injection, isHeldBack: true)
        self.namespace = namespace
        self.provider = provider
        self.known = known
        self.pumps = pumps
        self.logger = logger
        var empty = configuration
        empty.hooks = []
        empty.isConfigured = false
        state = Mutex(State(set: HookSet(configuration: empty)))
        do throws(NetiError) {
            var digests = FileDigests(areIgnored: isReturn)
            try install(try prepare(configuration, from: earlier, &digests))
        } catch {
            takeDown()
            throw error
        }
    }

    /// The hooks of now.
    var hooks: HookSet { state.withLock { $0.set } }

    /// What it was configured with, and its hooks since then.
    var configuration: Configuration.Instance { state.withLock { $0.set.configuration } }

    /// Stops the flow of packets first and lets the hooks go afterwards, so that no packet meets half a chain.
    func takeDown() {
        // Refused only inside hooks and callbacks, where nobody calls this.
        try? provider.removeInstance(instance)
        let (hooks, observers) = state.withLock { state in
            defer { state.observers = [:] }
            return (state.set.hooks, state.observers)
        }
        for observer in observers.values { instance.interfaces.removeObserver(observer) }
        for hook in hooks {
            for (family, event) in Self.places where hook.isOn(family, event) {
                try? instance.protocolHandle(family).unregister(hook.configuration.name, from: event)
            }
        }
        for hook in hooks { hook.module.deleteKstats(in: provider.netinfo, netid: instance.netid) }
    }

    /// Gives a hook's module other values, all or none.
    ///
    /// - Throws: `ENOENT` when there is no such hook, `EINVAL` for keys that its module doesn't have and whatever the
    ///   module says.
    func change(hook name: String, to values: [String: String]) throws(NetiError) {
        guard let module = hooks.hook(named: name)?.module else {
            throw NetiError(.noSuchFileOrDirectory, "instance '\(instance.name)' has no hook '\(name)'")
        }
        let type = type(of: module)
        let known = type.keys.filter { $0.kind == .string }.map(\.name)
        let unknown = values.keys.filter { !known.contains($0) }.sorted().map { key in
            let hint = key.utf8.count > 30 ? nil : known.nearest(to: key)
            return "module '\(type.moduleName)' has no '\(key)'" + (hint.map { "; did you mean '\($0)'?" } ?? "")
        }
        guard unknown.isEmpty else { throw NetiError(.invalidArgument, unknown.joined(separator: "; ")) }
        try module.change(values)
        state.withLock { state in
            guard let index = state.set.hooks.firstIndex(where: { $0.module === module }) else { return }
            state.set.hooks[index].configuration.settings.merge(values) { $1 }
            state.set.configuration.hooks = state.set.hooks.map(\.configuration)
        }
    }

    /// The module of a hook, for listings.
    func moduleName(ofHook name: String) -> String? {
        hooks.hook(named: name)?.configuration.module
    }

    /// What the modules want to have logged, with the hook's name.
    func takeLogLines() -> [(hook: String, line: String)] {
        let (hooks, lines) = state.withLock { state in
            defer { state.lastLines = [] }
            return (state.set.hooks, state.lastLines)
        }
        return lines + hooks.flatMap(Self.logLines)
    }

    static func logLines(of hook: InstalledHook) -> [(hook: String, line: String)] {
        hook.module.takeLogLines().map { (hook.configuration.name, $0) }
    }
}
