// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux
import SystemPackage

/// One instance with the hooks that the configuration puts on it.
final class RunningInstance: Sendable {
    let instance: Instance
    let namespace: Namespace
    let configuration: Configuration.Instance

    private let provider: LinuxProvider
    private let modules: [(name: String, module: any HookModule)]
    private let observers: [Int]
    /// What the modules put on the packets that they hold.
    private let stamps: Stamps

    /// Brings the instance up and registers its hooks in the order of the configuration.
    ///
    /// - Throws: what the provider, a module or a registration said; nothing is left behind then.
    init(
        named name: String, in namespace: Namespace, configuration: Configuration.Instance, provider: LinuxProvider,
        modules known: [any HookModule.Type], pumps: Int
    ) throws(NetiError) {
        let instance = try provider.addInstance(
            named: name, in: namespace, configuration: configuration.queueing, ordering: configuration.ordering,
            maximumHooks: configuration.maxHooks, injection: configuration.injection, isHeldBack: true)
        self.instance = instance
        self.namespace = namespace
        self.configuration = configuration
        self.provider = provider
        var stamps: Stamps = []
        do throws(NetiError) {
            modules = try Self.makeModules(
                of: instance, configuration, known: known, pumps: pumps, publication: provider.netinfo.publication,
                stamps: &stamps)
        } catch {
            instance.giveBack(stamps)
            try? provider.removeInstance(instance)
            throw error
        }
        self.stamps = stamps
        observers = modules.map { _, module in instance.interfaces.addObserver { module.interfacesChanged($0) } }
        do throws(NetiError) {
            for (_, module) in modules { module.createKstats(in: provider.netinfo, netid: instance.netid) }
            for (hook, entry) in zip(configuration.hooks, modules) {
                try register(hook, entry.module)
            }
            if configuration.isConfigured { try provider.startSteering(instance) }
        } catch {
            takeDown()
            throw error
        }
    }

    /// Stops the flow of packets first and lets the hooks go afterwards, so that no packet meets half a chain.
    func takeDown() {
        // Refused only inside hooks and callbacks, where nobody calls this.
        try? provider.removeInstance(instance)
        for observer in observers { instance.interfaces.removeObserver(observer) }
        for hook in configuration.hooks {
            for family in hook.families {
                for event in hook.events {
                    try? instance.protocolHandle(family).unregister(hook.name, from: event)
                }
            }
        }
        for (_, module) in modules { module.deleteKstats(in: provider.netinfo, netid: instance.netid) }
        instance.giveBack(stamps)
    }

    /// Gives a hook's module other values, all or none.
    ///
    /// - Throws: `ENOENT` when there is no such hook, `EINVAL` for keys that its module doesn't have and whatever the
    ///   module says.
    func change(hook name: String, to values: [String: String]) throws(NetiError) {
        guard let module = modules.first(where: { $0.name == name })?.module else {
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
    }

    /// The module of a hook, for listings.
    func moduleName(ofHook name: String) -> String? {
        configuration.hooks.first { $0.name == name }?.module
    }

    /// What the modules want to have logged, with the hook's name.
    func takeLogLines() -> [(hook: String, line: String)] {
        modules.flatMap { name, module in module.takeLogLines().map { (name, $0) } }
    }

    private static func makeModules(
        of instance: Instance, _ configuration: Configuration.Instance, known: [any HookModule.Type], pumps: Int,
        publication: Publication, stamps: inout Stamps
    ) throws(NetiError) -> [(name: String, module: any HookModule)] {
        var made: [(name: String, module: any HookModule)] = []
        for hook in configuration.hooks {
            guard let type = known.first(where: { $0.moduleName == hook.module }) else {
                throw NetiError(.noSuchFileOrDirectory, "hook '\(hook.name)': no module '\(hook.module)'")
            }
            var settings = HookModuleSettings(
                hookName: hook.name, instanceName: instance.name, lanes: pumps, values: hook.settings,
                publication: publication)
            if type.holdsPackets {
                settings.stamp = try instance.takeStamp()
                stamps.formUnion(settings.stamp)
            }
            made.append((hook.name, try type.init(settings)))
        }
        return made
    }

    private func register(_ hook: Configuration.Hook, _ module: any HookModule) throws(NetiError) {
        for family in hook.families {
            let handle = instance.protocolHandle(family)
            for event in hook.events {
                let function = module.function(family: family, event: event)
                try handle.register(Hook(name: hook.name, hint: hook.hint, function: function), on: event)
            }
        }
    }
}
