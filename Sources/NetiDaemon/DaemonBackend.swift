// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Kstat
import Logging
import Neti
import NetiControl
import NetiLinux
import SystemPackage

/// Answers the control interface from the engine's state.
struct DaemonBackend: ControlBackend {
    let engine: Engine
    let reloader: Reloader
    let version: String
    let logLevel: LogLevelSwitch
    let kstatWatch: KstatWatch
    let metricsSource: MetricsSource
    /// Calls that change the configuration, or wait for a change.
    let changes = Turns()
    let startTime: Int
    private let started = ContinuousClock.now

    init(engine: Engine, reloader: Reloader, version: String, logLevel: LogLevelSwitch) {
        self.engine = engine
        self.reloader = reloader
        self.version = version
        self.logLevel = logLevel
        kstatWatch = KstatWatch(hub: engine.hub) { netid in
            engine.entries.first { $0.netid.rawValue == netid }?.name ?? "netid \(netid)"
        } kstats: {
            engine.provider.netinfo.kstats.snapshot().map(ListKstats.Kstat.init)
        }
        let startTime = time(nil)
        self.startTime = startTime
        metricsSource = MetricsSource {
            MetricsSnapshot(
                version: version, startTime: startTime, process: .current,
                instances: engine.entries.map { MetricsSnapshot.Instance($0, provider: engine.provider) })
        }
    }

    func status() throws(ControlError) -> GetStatus.Status {
        let entries = engine.entries
        let statuses = entries.compactMap(\.running).compactMap { engine.provider.status(of: $0.instance) }
        let statistics = statuses.flatMap(\.queues).map(\.statistics)
        func total(_ figure: KeyPath<QueueStatistics.Snapshot, UInt64>) -> Int {
            statistics.reduce(0) { $0 + Int(clamping: $1[keyPath: figure]) }
        }
        return GetStatus.Status(
            version: version, pid: Int(getpid()), startTime: startTime,
            uptime: Int(started.duration(to: .now).components.seconds), configuration: reloader.path,
            pumps: engine.configuration.daemon.pumps, instances: entries.count,
            hooks: entries.reduce(0) { $0 + $1.hookCount },
            takenOff: entries.reduce(0) { $0 + ($1.running?.hooks.takenOff.count ?? 0) },
            queueMechanism: statuses.lazy.compactMap(\.mechanism).first.map(GetStatus.QueueMechanism.init),
            packets: GetStatus.PacketTotals(
                received: total(\.received), passed: total(\.accepted), dropped: total(\.dropped)),
            injection: injection(), unsaved: engine.savedConfiguration.unsaved.map(Reload.Change.init))
    }

    func instances() throws(ControlError) -> [ListInstances.Instance] {
        let saved = engine.savedConfiguration
        return engine.entries.map { entry in
            let status = entry.running.flatMap { engine.provider.status(of: $0.instance) }
            return ListInstances.Instance(
                netid: Int(entry.netid.rawValue), name: entry.name, netns: entry.namespace.path,
                state: entry.listedState, reason: entry.reason,
                onExit: entry.configuration.queueing.onExit == .open ? .open : .closed,
                ordering: entry.configuration.ordering == .documented ? .documented : .illumos,
                hooks: entry.hookCount, queues: status?.queues.map(ListInstances.Queue.init) ?? [],
                passedUnseen: status.map { Int(clamping: $0.passedUnseen) } ?? 0,
                held: entry.running.map { .init($0.instance.injection.status) } ?? .init(),
                aliases: entry.aliases, shadowed: entry.shadowed, saved: saved.has(entry))
        }
    }

    func kstats(_ selection: ListKstats) throws(ControlError) -> [ListKstats.Kstat] {
        let kstats = engine.provider.netinfo.kstats.snapshot(visibleIn: selection.netid.map { Int32(clamping: $0) })
        return selection.select(from: kstats.map(ListKstats.Kstat.init))
    }

    func setKstat(_ change: SetKstat) throws(ControlError) {
        let registry = engine.provider.netinfo.kstats
        let label = "\(change.module):\(change.instance):\(change.name)"
        let found = registry.kstats(
            module: change.module, instance: Int32(clamping: change.instance), name: change.name,
            visibleIn: change.netid.map { Int32(clamping: $0) })
        guard let kstat = found.first else {
            throw .invalidArgument("name", reason: "there is no kstat \(label)")
        }
        if found.count > 1 {
            let netids = found.flatMap(\.netids).sorted().map(\.description).joined(separator: ", ")
            throw .invalidArgument("netid", reason: "there is a kstat \(label) in instances \(netids)")
        }
        do throws(KstatError) {
            try registry.set([(change.statistic, change.value)], of: kstat)
        } catch {
            if error.errno == .invalidArgument { throw .invalidArgument("value", reason: error.message) }
            throw .failed(reason: "\(error)")
        }
    }

    func setLogLevel(_ level: SetLogLevel.LogLevel) throws(ControlError) {
        guard let level = Logger.Level(rawValue: level.rawValue) else {
            throw .invalidArgument("level", reason: "no level '\(level.rawValue)'")
        }
        logLevel.set(level)
    }

    func monitor(_ asked: Monitor, _ queue: MonitorQueue) {
        engine.hub.attach(queue, for: asked)
        // After that, or a look in between would forget the beginning.
        if engine.hub.wants(.kstat) { kstatWatch.begin() }
    }

    func stopMonitoring(_ queue: MonitorQueue) {
        engine.hub.detach(queue)
    }
}

extension InstanceEntry {
    /// The events of the instance, when it is up, by family.
    var points: [(family: NetworkFamily, event: NetworkEvent, point: HookEvent<PacketEvent>)] {
        running?.instance.points ?? []
    }

    /// Registrations on all events; a hook on four events counts four times.
    fileprivate var hookCount: Int {
        points.reduce(0) { $0 + $1.point.snapshot().count }
    }

    /// The state as clients are told it.
    var listedState: ListInstances.State {
        switch state {
        case .waiting: .waiting
        case .up: .up
        case .gone: .gone
        case .failed: .failed
        }
    }

    /// Why it has failed, else nil.
    var reason: String? {
        if case .failed(let error) = state { "\(error)" } else { nil }
    }
}

extension Namespace {
    fileprivate var path: String? {
        if case .path(let path) = self { path } else { nil }
    }
}

extension ListKstats.Kstat {
    fileprivate init(_ kstat: KstatSnapshot) {
        self.init(
            module: kstat.module, instance: Int(kstat.instance), name: kstat.name, class: kstat.class,
            type: ListKstats.KstatType(kstat.data), flags: ListKstats.KstatFlag.list(kstat.flags),
            netid: Int(kstat.netids.min() ?? -1), crtime: Int(kstat.creationTime.nanoseconds),
            snaptime: Int(kstat.snapshotTime.nanoseconds),
            statistics: kstat.fields.map { field in
                ListKstats.Statistic(
                    name: field.name, type: kstat.type == .raw ? .raw : ListKstats.StatisticType(field.value),
                    value: field.value.description)
            })
    }
}

extension ListKstats.KstatType {
    fileprivate init(_ data: KstatData) {
        self =
            switch data {
            case .raw: .raw
            case .named: .named
            case .interrupts: .intr
            case .io: .io
            case .timers: .timer
            }
    }
}

extension ListKstats.KstatFlag {
    fileprivate static func list(_ flags: KstatFlags) -> [Self] {
        let known: [(KstatFlags, Self)] = [
            (.virtual, .virtual), (.variableSize, .variableSize), (.writable, .writable),
            (.persistent, .persistent), (.dormant, .dormant), (.longStrings, .longStrings),
        ]
        return known.filter { flags.contains($0.0) }.map(\.1)
    }
}

extension ListKstats.StatisticType {
    fileprivate init(_ value: NamedValue.Value) {
        self =
            switch value {
            case .char: .char
            case .int32: .int32
            case .uint32: .uint32
            case .int64: .int64
            case .uint64: .uint64
            case .float: .float
            case .double: .double
            case .string: .string
            }
    }
}

extension GetStatus.QueueMechanism {
    fileprivate init(_ mechanism: SteeringMechanism) {
        switch mechanism {
        case .native: self = .native
        case .compat: self = .compat
        }
    }
}

extension ListInstances.Queue {
    fileprivate init(_ status: PacketQueue.Status) {
        self.init(
            number: Int(status.number), received: Int(clamping: status.statistics.received),
            accepted: Int(clamping: status.statistics.accepted), dropped: Int(clamping: status.statistics.dropped),
            queueFullDrops: Int(status.queueFullDrops), socketFullDrops: Int(status.socketFullDrops),
            overruns: Int(clamping: status.statistics.overruns), waiting: Int(status.waiting),
            latency: status.statistics.latency.map { bucket in
                ListInstances.LatencyBucket(
                    below: bucket.below.map { Int(clamping: $0) }, count: Int(clamping: bucket.count))
            })
    }
}
