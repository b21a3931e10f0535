// SPDX-License-Identifier: Apache-2.0

import Hooks
import Neti
import NetiLinux
import SystemPackage

/// What a hook's module adds to the schema.
struct HookModules {
    let keys: [String: [HookModuleKey]]

    /// The names of those that hold packets.
    let holding: Set<String>

    /// The directory of the configuration file, where relative paths start.
    let directory: FilePath
}

extension Configuration {
    init(reading table: ConfigurationTable, modules: HookModules) {
        daemon = table.table("daemon", Daemon.init(reading:)) ?? Daemon()
        instances = table.tables("instance") { Instance(reading: $0, modules: modules) }
    }
}

extension Configuration.Daemon {
    init(reading table: ConfigurationTable) {
        // sun_path of unix(7) has 108 bytes, the last one a null.
        table.read("control-socket", .absolutePath(bytes: 2...107), into: &controlSocket)
        controlGroup = table.read("control-group", .string("the name of a group", where: \.isWord))
        table.read("pumps", .integer(1...64), into: &pumps)
        table.read("nap", .integer(0...1_000), into: &nap)
        table.read("log-level", .word, into: &logLevel)
        table.read("netns-directories", .list(of: .absolutePath(bytes: 2...4_095)), into: &netnsDirectories)
        table.read("max-kstats", .integer(1...16_777_216), into: &maxKstats)
        table.read("state-directory", .absolutePath(bytes: 1...4_000), into: &stateDirectory)
        table.read("state-interval", .integer(1...3_600), into: &stateInterval)
        metrics = table.read("metrics", .metricsAddress)
    }
}

extension Configuration.Instance {
    init(reading table: ConfigurationTable, modules: HookModules) {
        (name, netns) = Self.identity(table)
        table.read("on-exit", .word, into: &queueing.onExit)
        table.read("ordering", .word, into: &ordering)
        table.read("queue", .integer(0...65_535), into: &queueing.queue)
        table.read("queues", .integer(1...64), into: &queueing.queues)
        table.read("queue-length", .integer(1...1_048_576), into: &queueing.queueLength)
        table.read("receive-buffer", .integer(65_536...268_435_456), into: &queueing.receiveBuffer)
        table.read("copy-range", .integer(64...65_535), into: &queueing.copyRange)
        table.read("fail-open", .boolean, into: &queueing.failOpen)
        let gso = table.read("gso", .boolean)
        table.read("uid-gid", .boolean, into: &queueing.uidGid)
        table.read("conntrack", .boolean, into: &queueing.conntrack)
        table.read("timestamps", .boolean, into: &queueing.timestamps)
        table.read("priority-in", .integer(.min ... .max), into: &queueing.priorityIn)
        table.read("priority-out", .integer(.min ... .max), into: &queueing.priorityOut)
        table.read("priority-forward", .integer(.min ... .max), into: &queueing.priorityForward)
        table.read("priority-loopback-out", .integer(.min ... .max), into: &queueing.priorityLoopbackOut)
        table.read("priority-loopback-in", .integer(.min ... .max), into: &queueing.priorityLoopbackIn)
        table.read("max-hooks", .integer(1...65_535), into: &maxHooks)
        table.read("injection-packets", .integer(1...1_048_576), into: &injection.packets)
        table.read("injection-bytes", .integer(65_536...1_073_741_824), into: &injection.bytes)
        table.read("injection-limit", .integer(1...63), into: &injection.injections)
        hooks = table.tables("hook") { Configuration.Hook(reading: $0, modules: modules) }
        queueing.gso = segmentBatches(wanted: gso, table, modules)
    }

    /// Whether packets of segmentation offload come whole: key `gso`, by default only where no hook holds packets, for
    /// such a batch can't be held.
    private func segmentBatches(wanted: Bool?, _ table: ConfigurationTable, _ modules: HookModules) -> Bool {
        guard let hook = hooks.first(where: { modules.holding.contains($0.module) }) else {
            return wanted ?? queueing.gso
        }
        if wanted == true {
            table.refuse(
                "gso",
                "true is impossible with module \(hook.module.quoted), which holds packets and can't hold a batch of "
                    + "segments; leave it out or write false")
        }
        return false
    }
}

extension Configuration.Instance {
    /// Which namespace it is for and how it is called; an empty namespace name if that is wrong.
    private static func identity(_ table: ConfigurationTable) -> (name: String?, netns: Netns) {
        let wrong = (name: String?.none, netns: Netns.named(""))
        let name = table.read("name", .string("a name without blanks and slashes", where: isName))
        let netns = table.read("netns", .netns)
        switch netns {
        case nil where table.has("netns"): return wrong
        case nil, .own:
            if name == ownName { return (name, .own) }
            if name != nil {
                table.refuse("name", "without netns only the daemon's own namespace is meant, and that is \"global\"")
            } else if !table.has("name") {
                table.refuse("netns", "missing; for the daemon's own namespace write name = \"global\"")
            }
            return wrong
        case .named(let namespace):
            if name == ownName || (!table.has("name") && namespace == ownName) {
                table.refuse(name == nil ? "netns" : "name", "only the daemon's own namespace is called \"global\"")
            }
            return (name ?? namespace, .named(namespace))
        case .matching(let glob):
            if table.has("name") {
                table.refuse("name", "netns is a glob: each instance is called like its namespace")
            }
            return (nil, .matching(glob))
        }
    }
}

extension HookPolicy {
    fileprivate init(reading table: ConfigurationTable) {
        self.init()
        table.read("on-failure", .word, into: &onFailure)
        timeBudget = table.read("time-budget", .time)
        table.read("on-over-budget", .word, into: &onOverBudget)
        if table.has("on-over-budget"), !table.has("time-budget") {
            table.refuse("on-over-budget", "has no meaning without time-budget")
        }
    }
}

extension Configuration.Hook {
    init(reading table: ConfigurationTable, modules: HookModules) {
        name = table.require("name", .hookName) ?? ""
        events = table.require("events", .list(of: .word)) ?? []
        table.read("families", .list(of: .word), into: &families)
        table.read("hint", .hint, into: &hint)
        policy = HookPolicy(reading: table)
        module = table.require("module", .oneOf(modules.keys.keys.sorted())) ?? ""
        guard let keys = modules.keys[module] else {
            // Which keys are right can't be told; only those that no module takes are wrong for sure.
            table.allow(modules.keys.values.joined().map(\.name))
            return
        }
        for key in keys {
            let format: ConfigurationFormat<String> =
                switch key.kind {
                case .string: .string
                case .file: .file(in: modules.directory)
                }
            settings[key.name] = key.isRequired ? table.require(key.name, format) : table.read(key.name, format)
        }
    }
}
