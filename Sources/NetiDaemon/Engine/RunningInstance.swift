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

    /// Brings the instance up and registers its hooks in the order of the configuration.
    ///
    /// - Throws: what the provider, a module or a registration said; nothing is left behind then.
    init(
        named name: String, in namespace: Namespace, configuration: Configuration.Instance, provider: LinuxProvider,
        modules known: [any HookModule.Type], pumps: Int
    ) throws(NetiError) {
        let modules = try Self.makeModules(configuration, instance: name, known: known, pumps: pumps)
        let instance = try provider.addInstance(
            named: name, in: namespace, configuration: configuration.queueing, ordering: configuration.ordering,
            maximumHooks: configuration.maxHooks, injection: configuration.injection, isHeldBack: true)
        self.instance = instance
        self.namespace = namespace
        self.configuration = configuration
        self.provider = provider
        self.modules = modules
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
        _ configuration: Configuration.Instance, instance: String, known: [any HookModule.Type], pumps: Int
    ) throws(NetiError) -> [(name: String, module: any HookModule)] {
        var made: [(name: String, module: any HookModule)] = []
        for hook in configuration.hooks {
            guard let type = known.first(where: { $0.moduleName == hook.module }) else {
                throw NetiError(.noSuchFileOrDirectory, "hook '\(hook.name)': no module '\(hook.module)'")
            }
            let settings = HookModuleSettings(
                hookName: hook.name, instanceName: instance, lanes: pumps, values: hook.settings)
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
