// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import NetiControl

/// A daemon that knows two instances and remembers what it was told.
final class FakeBackend: ControlBackend {
    private let levels = Mutex<[SetLogLevel.LogLevel]>([])
    private let monitoring = Mutex<[(asked: Monitor, queue: MonitorQueue)]>([])
    private let changes = Mutex<[SetKstat]>([])
    private let hookChanges = Mutex<[ChangeHook]>([])

    /// What ``setLogLevel(_:)`` was called with.
    var levelsSet: [SetLogLevel.LogLevel] { levels.withLock { $0 } }

    func status() -> GetStatus.Status { Samples.status }

    func instances() -> [ListInstances.Instance] { Samples.instances }

    func hooks(instance: String?) throws(ControlError) -> [ListHooks.Hook] {
        guard let instance else { return Samples.hooks }
        guard Samples.instances.contains(where: { $0.name == instance }) else { throw .noSuchInstance(instance) }
        return Samples.hooks.filter { $0.instance == instance }
    }

    func kstats(_ selection: ListKstats) -> [ListKstats.Kstat] { Samples.kstats }

    func metrics() -> String { Samples.metrics }

    /// What ``setKstat(_:)`` was called with.
    var kstatsSet: [SetKstat] { changes.withLock { $0 } }

    func setKstat(_ change: SetKstat) throws(ControlError) {
        if change.module != "count" { throw .failed(reason: "kstat \(change.module) is not writable") }
        changes.withLock { $0.append(change) }
    }

    /// What ``changeHook(_:)`` was called with.
    var hooksChanged: [ChangeHook] { hookChanges.withLock { $0 } }

    func changeHook(_ change: ChangeHook) throws(ControlError) {
        if change.hook != "slow" { throw .invalidArgument("hook", reason: "there is no hook '\(change.hook)'") }
        hookChanges.withLock { $0.append(change) }
    }

    /// What ``inject(_:)`` was called with.
    var injected: [Inject] { injections.withLock { $0 } }

    private let injections = Mutex<[Inject]>([])
    private let takes: @Sendable (Inject) -> Inject.Reply
    let edits = Mutex<[ConfigurationEditing]>([])
    let fileEdit: ConfigurationEditing.FileEdit

    /// - Parameters:
    ///   - fileEdit: what the client is told to write.
    ///   - takes: what becomes of the packets of a call; all are accepted unless told otherwise.
    init(
        fileEdit: ConfigurationEditing.FileEdit = FakeBackend.fileEdit,
        takes: @escaping @Sendable (Inject) -> Inject.Reply = { .init(accepted: $0.packets.count, refusals: []) }
    ) {
        self.fileEdit = fileEdit
        self.takes = takes
    }

    func inject(_ asked: Inject) throws(ControlError) -> Inject.Reply {
        guard Samples.instances.contains(where: { $0.name == asked.instance }) else {
            throw .noSuchInstance(asked.instance)
        }
        injections.withLock { $0.append(asked) }
        return takes(asked)
    }

    /// What ``reload(_:)`` was called with.
    var reloads: [Reload] { reloading.withLock { $0 } }

    private let reloading = Mutex<[Reload]>([])

    func reload(_ asked: Reload) throws(ControlError) -> Reload.Reply {
        if asked.confirm == 13 { throw .failed(reason: "neti.toml:3: pmups: unknown key\nipf.conf:1:2: no rule") }
        reloading.withLock { $0.append(asked) }
        return .init(changes: Samples.changes, discarded: Samples.changes)
    }

    func confirmReload() throws(ControlError) {
        if let last = reloads.last, last.confirm == nil { throw .failed(reason: "no reload waits for a confirmation") }
    }

    func setLogLevel(_ level: SetLogLevel.LogLevel) throws(ControlError) {
        if level == .critical { throw .failed(reason: "logs at least errors") }
        levels.withLock { $0.append(level) }
    }

    /// What ``capture(_:)`` was called with.
    var captures: [Capture] { captured.withLock { $0 } }

    /// What the next client captures.
    let captureSource = Mutex<any CaptureSource>(ControlledCapture(replies: [.init(packets: [], lost: 0)]))
    private let captured = Mutex<[Capture]>([])

    func capture(_ asked: Capture) throws(ControlError) -> any CaptureSource {
        if let name = asked.instance, !Samples.instances.contains(where: { $0.name == name }) {
            throw .noSuchInstance(name)
        }
        captured.withLock { $0.append(asked) }
        return captureSource.withLock { $0 }
    }

    /// What the clients that monitor now have asked for.
    var monitors: [Monitor] { monitoring.withLock { $0.map(\.asked) } }

    /// Tells all clients that monitor.
    func post(_ events: [Monitor.Event]) {
        monitoring.withLock { monitoring in
            for entry in monitoring {
                for event in events { entry.queue.post(event) }
            }
        }
    }

    /// Ends all streams, as for clients that find no place otherwise.
    func endMonitors() {
        for queue in monitoring.withLock({ $0.map(\.queue) }) { queue.finish(because: .failed(reason: "no place")) }
    }

    func monitor(_ asked: Monitor, _ queue: MonitorQueue) throws(ControlError) {
        if asked.instance == "" { throw .invalidArgument("instance", reason: "empty") }
        monitoring.withLock { $0.append((asked, queue)) }
    }

    func stopMonitoring(_ queue: MonitorQueue) {
        monitoring.withLock { $0.removeAll { $0.queue === queue } }
    }
}

/// A daemon with an answer of any length.
struct LargeBackend: ControlBackend {
    /// Length of the answer to `GetStatus`.
    let bytes: Int

    func status() -> GetStatus.Status {
        var status = Samples.status
        status.version = String(repeating: "x", count: bytes)
        return status
    }

    func instances() -> [ListInstances.Instance] { [] }
    func hooks(instance: String?) -> [ListHooks.Hook] { [] }
    func kstats(_ selection: ListKstats) -> [ListKstats.Kstat] { [] }
    func metrics() -> String { "" }
    func setKstat(_ change: SetKstat) {}
    func changeHook(_ change: ChangeHook) {}
    func inject(_ asked: Inject) -> Inject.Reply { .init(accepted: asked.packets.count, refusals: []) }
    func reload(_ asked: Reload) -> Reload.Reply { .init(changes: []) }
    func confirmReload() {}
    func setLogLevel(_ level: SetLogLevel.LogLevel) {}
    func monitor(_ asked: Monitor, _ queue: MonitorQueue) {}
    func stopMonitoring(_ queue: MonitorQueue) {}
    func capture(_ asked: Capture) -> any CaptureSource { ControlledCapture(replies: []) }
}

/// A daemon that does not answer `ListHooks` until it may.
final class GatedBackend: ControlBackend {
    private let called = AsyncStream<Void>.makeStream()
    private let opened = AsyncStream<Void>.makeStream()

    /// Returns when somebody waits for an answer.
    func waitForCall() async {
        for await _ in called.stream { return }
    }

    /// Lets the answer through.
    func open() {
        opened.continuation.finish()
    }

    func hooks(instance: String?) async -> [ListHooks.Hook] {
        called.continuation.finish()
        for await _ in opened.stream {}
        return []
    }

    func status() -> GetStatus.Status { Samples.status }
    func instances() -> [ListInstances.Instance] { [] }
    func kstats(_ selection: ListKstats) -> [ListKstats.Kstat] { [] }
    func metrics() -> String { "" }
    func setKstat(_ change: SetKstat) {}
    func changeHook(_ change: ChangeHook) {}
    func inject(_ asked: Inject) -> Inject.Reply { .init(accepted: asked.packets.count, refusals: []) }
    func reload(_ asked: Reload) -> Reload.Reply { .init(changes: []) }
    func confirmReload() {}
    func setLogLevel(_ level: SetLogLevel.LogLevel) {}
    func monitor(_ asked: Monitor, _ queue: MonitorQueue) {}
    func stopMonitoring(_ queue: MonitorQueue) {}
    func capture(_ asked: Capture) -> any CaptureSource { ControlledCapture(replies: []) }
}
