// SPDX-License-Identifier: Apache-2.0

import NetiControl

/// A daemon with one instance and one of everything.
struct FixedBackend: ControlBackend {
    func status() -> GetStatus.Status {
        GetStatus.Status(
            version: "1.0", pid: 1, startTime: 1, uptime: 1, configuration: "neti.toml", pumps: 1, instances: 1,
            hooks: 1,
            queueMechanism: .compat, packets: GetStatus.PacketTotals(received: 3, passed: 2, dropped: 1),
            injection: GetStatus.InjectionStatus(
                styles: [.init(style: .queueIn, unavailable: "Linux 5.10")], injected: 2, refused: 1, lost: 0))
    }

    func instances() -> [ListInstances.Instance] {
        [
            ListInstances.Instance(
                netid: 0, name: "global", netns: nil, state: .up, reason: nil, onExit: .open, ordering: .documented,
                hooks: 1, queues: [])
        ]
    }

    func hooks(instance: String?) throws(ControlError) -> [ListHooks.Hook] {
        if let instance, instance != "global" { throw .noSuchInstance(instance) }
        return [
            ListHooks.Hook(
                instance: "global", netid: 0, family: "inet", event: "PHYSICAL_IN", position: 1, name: "filter",
                hint: .first, hintValue: nil, hits: 3, drops: 1, module: "ipf")
        ]
    }

    func kstats(_ selection: ListKstats) -> [ListKstats.Kstat] {
        [
            ListKstats.Kstat(
                module: "inet", instance: 0, name: "PHYSICAL_IN", class: "hook_event", netid: 0, crtime: 1, snaptime: 2,
                statistics: [ListKstats.Statistic(name: "events", type: .uint64, value: "3")])
        ]
    }

    func metrics() -> String { "neti_instance_up{ip_instance=\"global\",netid=\"0\"} 1\n" }

    func setKstat(_ change: SetKstat) throws(ControlError) {
        if change.value.isEmpty { throw .invalidArgument("value", reason: "is empty") }
    }

    func changeHook(_ change: ChangeHook) throws(ControlError) {
        if change.values.isEmpty { throw .invalidArgument("values", reason: "empty") }
    }

    func edit(_ asked: ConfigurationEditing) throws(ControlError) -> ConfigurationEditing.Reply {
        if case .removeInstance(let asked) = asked, asked.instance != "global" {
            throw .noSuchInstance(asked.instance)
        }
        return .init(file: asked.save ? .init(path: "/neti.toml", old: "", new: "#") : nil)
    }

    func unsavedConfiguration() -> ConfigurationEditing.FileEdit? { nil }

    func inject(_ asked: Inject) throws(ControlError) -> Inject.Reply {
        if asked.instance != "global" { throw .noSuchInstance(asked.instance) }
        let empty = asked.packets.count { $0.bytes.isEmpty }
        return Inject.Reply(
            accepted: asked.packets.count - empty,
            refusals: [.init(reason: .badHeader, returnValue: 1, count: empty)])
    }

    func reload(_ asked: Reload) throws(ControlError) -> Reload.Reply {
        if asked.dryRun == true { throw .failed(reason: "neti.toml:3: wrong") }
        let change = Reload.Change(action: .changed, instance: "blue", hook: "a", details: ["hint none -> first"])
        return .init(changes: [change], discarded: [change])
    }

    func confirmReload() {}

    func capture(_ asked: Capture) throws(ControlError) -> any CaptureSource {
        if asked.snaplen == 0 { throw .invalidArgument("snaplen", reason: "nothing") }
        return OneCapturedPacket()
    }

    func setLogLevel(_ level: SetLogLevel.LogLevel) throws(ControlError) {
        if level == .critical { throw .failed(reason: "logs at least errors") }
    }

    func monitor(_ asked: Monitor, _ queue: MonitorQueue) throws(ControlError) {
        if asked.instance == "nobody" { throw .invalidArgument("instance", reason: "nobody") }
        queue.post(.state(.up, netid: 1, instance: asked.instance ?? "blue", time: 1))
    }

    func stopMonitoring(_ queue: MonitorQueue) {}
}
