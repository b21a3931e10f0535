// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti

/// A hook of the configuration with what its module made of it.
struct InstalledHook: Sendable {
    /// What it was made from, with the values that it was given since.
    var configuration: Configuration.Hook
    let module: any HookModule
    let stamp: StampClaim?
    /// What its module's files held when it read them, by key; nil for one that changed at that moment.
    let files: [String: Int?]

    /// Whether the module can serve a hook of this configuration as it is.
    func serves(_ wanted: Configuration.Hook, _ digests: inout FileDigests) -> Bool {
        guard configuration.module == wanted.module, configuration.settings == wanted.settings else { return false }
        return digests.areIgnored
            || files.allSatisfy { key, digest in
                digest != nil && wanted.settings[key].flatMap { digests.digest(of: $0) } == digest
            }
    }

    /// Whether the module runs for that event of that protocol.
    func isOn(_ family: NetworkFamily, _ event: NetworkEvent) -> Bool {
        configuration.families.contains(family) && configuration.events.contains(event)
    }

    /// Whether a registration of the one is a registration of the other, wherever they stand.
    func isRegistered(like other: InstalledHook) -> Bool {
        guard module === other.module else { return false }
        var mine = configuration
        mine.events = other.configuration.events
        mine.families = other.configuration.families
        mine.hint = other.configuration.hint
        mine.settings = other.configuration.settings
        return mine == other.configuration
    }

    /// What is to be registered there.
    func hook(_ family: NetworkFamily, _ event: NetworkEvent) -> Hook<PacketEvent> {
        Hook(
            name: configuration.name, hint: configuration.hint, policy: configuration.policy,
            function: module.function(family: family, event: event))
    }
}

/// The hooks of one instance as its configuration asks for them.
///
/// Two sets may share modules: that is how a hook stays what it is while others change.
struct HookSet: Sendable {
    var configuration: Configuration.Instance
    /// In the order of the configuration.
    var hooks: [InstalledHook] = []
    /// Hooks that were taken off an event because of trouble and stay off. The set of another configuration has none, and
    /// so puts them back.
    var takenOff: [HookTakenOff] = []

    func contains(_ module: any HookModule) -> Bool {
        hooks.contains { $0.module === module }
    }

    /// Whether nothing has to be done for the other one.
    func isSame(as other: HookSet) -> Bool {
        takenOff == other.takenOff && configuration == other.configuration && hooks.count == other.hooks.count
            && zip(hooks, other.hooks).allSatisfy { $0.module === $1.module && $0.configuration == $1.configuration }
    }

    /// What changes on the way to another set of the same instance, files included.
    func changes(to other: HookSet) -> [ConfigurationChange] {
        let files = other.hooks.compactMap { hook -> ConfigurationChange? in
            guard let before = self.hook(named: hook.configuration.name), before.module !== hook.module,
                before.configuration == hook.configuration
            else { return nil }
            let paths = hook.files.keys.compactMap { hook.configuration.settings[$0] }.sorted()
            return ConfigurationChange(
                action: .changed, instance: other.configuration.label, hook: hook.configuration.name,
                details: paths.map { "contents of \($0)" })
        }
        let gone = Set(takenOff.map(\.hook.name)).subtracting(other.takenOff.map(\.hook.name))
        let returning = gone.sorted().filter { other.hook(named: $0) != nil }.map {
            ConfigurationChange(
                action: .added, instance: other.configuration.label, hook: $0,
                details: ["it was taken off because of trouble"])
        }
        return configuration.changes(to: other.configuration) + files + returning
    }

    /// Keeps hooks off that were taken off another set, as far as nothing of them changes.
    mutating func keepTakenOff(of other: HookSet) {
        for taken in other.takenOff where !takenOff.contains(where: { $0.isSamePlace(as: taken) }) {
            guard let mine = hook(named: taken.hook.name), let its = other.hook(named: taken.hook.name),
                mine.module === its.module, mine.configuration == its.configuration
            else { continue }
            takenOff.append(taken)
        }
    }

    /// Which hooks of the configuration stay off an event: those that were taken off it, but for what the hint of another
    /// one refers to, which would find no place.
    func staysOff(_ family: NetworkFamily, _ event: NetworkEvent) -> Set<String> {
        var off = Set(takenOff.lazy.filter { $0.family == family && $0.event == event }.map(\.hook.name))
        guard configuration.ordering == .documented else { return off }
        let here = hooks.lazy.filter { $0.isOn(family, event) }.map(\.configuration)
        while let needed = here.lazy.filter({ !off.contains($0.name) }).compactMap(\.hint.target)
            .first(where: off.contains)
        {
            off.remove(needed)
        }
        return off
    }

    /// The hook of that name.
    func hook(named name: String) -> InstalledHook? {
        hooks.first { $0.configuration.name == name }
    }
}

/// A hook that was taken off an event because of trouble.
struct HookTakenOff: Equatable, Sendable {
    let family: NetworkFamily
    let event: NetworkEvent
    /// What could be told of it shortly before.
    let hook: HookDescription
    /// Why, for a person.
    let reason: String

    /// Whether both were taken off the same event under the same name.
    func isSamePlace(as other: Self) -> Bool {
        (family, event, hook.name) == (other.family, other.event, other.hook.name)
    }
}

/// A stamp that is given back when nobody needs it any more.
final class StampClaim: Sendable {
    let stamp: Stamps
    let instance: Instance

    /// - Throws: `ENOMEM` when all are taken.
    init(on instance: Instance) throws(NetiError) {
        stamp = try instance.takeStamp()
        self.instance = instance
    }

    deinit {
        instance.giveBack(stamp)
    }
}
